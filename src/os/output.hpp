#pragma once

#include <optional>
#include <string>

namespace once::os {

/// All of it at once, to stdout or stderr. A closed pipe or a terminal that was hung up is no
/// reason to stop.
void write_out(const std::string& text) noexcept;
void write_error(const std::string& text) noexcept;

/// False while nobody reads from it.
bool stderr_takes_text() noexcept;

/// True if stderr is a terminal.
bool stderr_is_terminal();

/// The columns of the terminal on stdout; nothing if it is none.
std::optional<int> stdout_width();

}  // namespace once::os
