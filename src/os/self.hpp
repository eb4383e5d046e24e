#pragma once

#include <string>
#include <vector>

#include "os/process.hpp"

/// What this process does with itself.
namespace once::os {

/// The files behind our stdin, stdout and stderr, but for /dev/null: whoever else holds one of them
/// still talks to our user.
std::vector<FileId> stdio_files();

/// Keeps us from opening anything of our own as 0, 1 or 2 where the caller has closed them. The job
/// finds them closed, as they were.
void reserve_stdio() noexcept;

/// From here on pipes on stdin and stdout belong to the job alone, and all else that the caller
/// passed on too. False if there was such a thing: then no other job can be given it.
bool let_go_of_inherited_files() noexcept;

/// Gives back the pages of the program that are mapped in and need not be: what runs again is
/// mapped again. For a process that has nothing to do for long.
void shed_program_pages() noexcept;

/// From here on ps(1) and pkill(1) know us by `name`, and our command line by that and the words of
/// `command`, which are its end: who means `once` by its name or its options does not mean us too.
/// Where `once` and its options take less room than the name, of that only as much as fits.
void be_called(const char* name, const std::vector<std::string>& command);

/// Dies of the same signal as the command did, without a core dump; does not return.
[[noreturn]] void die_of(int signal) noexcept;

/// Are we the first of our session, to whom a terminal that hangs up says so?
bool leads_session() noexcept;

/// Replaces our stdin and stdout by /dev/null, and stderr too if wished.
void point_to_nothing(bool with_stderr) noexcept;

}  // namespace once::os
