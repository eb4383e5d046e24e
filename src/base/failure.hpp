#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/ending.hpp"
#include "base/text.hpp"

namespace once {

/// The exit statuses that are ours. Everything else is the command's own.
namespace exit_status {
inline constexpr int unavailable = 69;      ///< not ready, or a dependency did not answer
inline constexpr int conflict = 75;         ///< the slot is held, or the port is a stranger's
inline constexpr int failed = 125;          ///< once itself failed, or was called wrongly
inline constexpr int not_executable = 126;  ///< the command was found and cannot be executed
inline constexpr int not_found = 127;       ///< the command was not found
}  // namespace exit_status

/// The end of the run: the words that the user needs (one line, or more parted by newlines; none
/// if there is nothing to say) and how `once` ends. Thrown where it happens, caught in main() only.
class Failure : public std::runtime_error {
public:
    Failure(int status, const std::string& message)
        : std::runtime_error(message), ending_(Ending::exited(status)) {}
    Failure(Ending ending, const std::string& message)
        : std::runtime_error(message), ending_(ending) {}

    [[nodiscard]] Ending ending() const noexcept { return ending_; }

private:
    Ending ending_;
};

/// An argument of a message: text as it may be shown, whoever chose it; all else as it is.
template <class Value>
decltype(auto) shown(const Value& value) {
    if constexpr (std::is_convertible_v<const Value&, std::string_view>) {
        return printable(value);
    } else {
        return (value);
    }
}

/// Throws a Failure of our own (125) with formatted words.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, const Args&... args) {
    throw Failure(exit_status::failed, fmt::format(fmt::runtime(format), shown(args)...));
}

}  // namespace once
