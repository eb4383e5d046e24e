#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "os/handle.hpp"

namespace once::os {

/// All of it, to stdout. Throws a Failure if it cannot be written: who reads it must not take a
/// part for the whole. (A closed pipe ends us by SIGPIPE, unless that is ignored.)
void write_out(std::string_view text);

/// All of it at once, to stderr. A closed pipe or a terminal that was hung up is no reason to stop.
void write_error(std::string_view text) noexcept;

/// False while nobody reads from it.
bool stderr_takes_text() noexcept;

/// True if stderr is a terminal.
bool stderr_is_terminal();

/// Readable when nobody is left who could read a pipe on stdout; empty if stdout is no pipe.
Handle stdout_hang_up();

/// The columns of the terminal on stdout, or on stderr; nothing if it is none.
std::optional<int> stdout_width();
std::optional<int> stderr_width();

}  // namespace once::os
