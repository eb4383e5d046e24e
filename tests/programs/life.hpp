#pragma once
// The rules that every program shall live and die by, each a section of its test.

#include "program.hpp"
#include "terminal.hpp"

namespace once::test {

/// Start, replace, TERM, HUP and INT to `once`, SIGKILL of `once`, SIGKILL of the keeper.
void check_life(const Program& program);

/// One Ctrl-C on a terminal.
void check_ctrl_c(const Program& program);

/// Nobody listens, and of all that was started since the scenario was made only `shell` is left.
/// To be said at the very moment that `once` has ended.
void check_nothing_left(Project& project, const Program& program, pid_t shell = 0);

}  // namespace once::test
