#pragma once

#include <fmt/format.h>

#include <string_view>

/// What `-v` tells: each step with its time, on stderr. The one voice of the floors below verbs/.
namespace once::log {

/// Turns the telling on. Until then a step costs one look at a flag. While `can_write` answers
/// false nothing is told: nobody waits for a reader.
void enable(bool (*can_write)() noexcept);

[[nodiscard]] bool is_enabled() noexcept;

/// One line, behind the time.
void write(std::string_view line);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    if (is_enabled()) write(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace once::log
