#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace once::cli {

enum class Argument { none, required, optional };

/// Which verbs know an option. A launch is the verb that has no name.
enum class For { launch, status, both };

/// One row of the table that feeds getopt_long, `--help`, the completions, and the test that holds
/// the man page against them.
struct Option {
    std::string_view name;  ///< long, without dashes
    char letter = 0;        ///< short; 0 if there is none
    Argument argument = Argument::none;
    std::string_view value;  ///< what `--help` calls the argument
    std::string_view help;   ///< one short line
    For where = For::launch;
};

const std::vector<Option>& options();

/// Known names that come near this one, the nearest first entry; empty if none does.
std::string_view nearest_option(std::string_view name, For where);

/// The whole of `--help`.
std::string help_text();

inline constexpr std::string_view usage = "once [OPTION]... [--] COMMAND [ARG]...";

}  // namespace once::cli
