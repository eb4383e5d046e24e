#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace once::cli {

enum class Argument { none, required, optional };

/// Which verbs know an option: one bit each. A launch is the verb that has no name.
enum For : unsigned {
    for_launch = 1,
    for_status = 2,
    for_stop = 4,
    for_who = 8,
    for_logs = 16,
    for_restart = 32,
    for_all = 63
};

/// One row of the table that feeds getopt_long, `--help`, the completions, and the test that holds
/// the man page against them.
struct Option {
    std::string_view name;  ///< long, without dashes
    char letter = 0;        ///< short, to its verbs; 0 if there is none
    Argument argument = Argument::none;
    std::string_view value;         ///< what `--help` calls the argument
    std::string_view help;          ///< one short line
    unsigned verbs = for_launch;    ///< bits of For
    std::string_view heading = {};  ///< in `--help`, before the first of a group
    std::string_view choices = {};  ///< the words that its value can be, if these are all or usual
};

const std::vector<Option>& options();

/// Known names that come near this one, the nearest first entry; empty if none does.
std::string_view nearest_option(std::string_view name, For verb);

/// The whole of `--help`.
std::string help_text();

/// A word that is a verb as the first one: `status`, …; nothing for a launch.
std::optional<For> verb_of(std::string_view word);

/// That word; empty for a launch.
std::string_view name_of(For verb);

inline constexpr std::string_view usage = "once [OPTION]... [--] COMMAND [ARG]...";

}  // namespace once::cli
