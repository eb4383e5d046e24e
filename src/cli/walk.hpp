#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.hpp"

namespace once::cli {

/// Walks over the options of a command line that its verb knows. Those of a launch end at the first
/// word that is none; among those of the others words may stand. Throws a Failure for an option
/// that is unknown, or that lacks its value.
class Walk {
public:
    /// `argv[0]` is passed over.
    Walk(int argc, char** argv, For verb);
    ~Walk();
    Walk(const Walk&) = delete;
    Walk& operator=(const Walk&) = delete;

    /// The next option; null at the end of the options.
    const Option* next();

    /// Its argument; nothing if it has none.
    [[nodiscard]] std::optional<std::string_view> argument() const;

    /// What is no option, once all of them have been walked over.
    [[nodiscard]] std::vector<std::string> words() const;

private:
    struct Table;
    int argc_;
    char** argv_;
    For verb_;
    std::unique_ptr<Table> table_;
    std::vector<std::string> words_;  // that stood between the options
};

}  // namespace once::cli
