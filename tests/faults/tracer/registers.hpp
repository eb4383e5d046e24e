#pragma once
// The two things that PTRACE_GET_SYSCALL_INFO does not do: let a call be skipped, and answer it.
// (PTRACE_SET_SYSCALL_INFO came with Linux 6.16.)

#include <sys/types.h>

namespace once::test {

/// At the entry of a call: nothing of it shall be done.
bool skip_call(pid_t pid);

/// At the entry of brk(2), which answers with the break as it is when it cannot move it: that is
/// what it shall do.
void refuse_to_move_break(pid_t pid);
/// At its exit: what was changed for that is put back.
void forget_refusal(pid_t pid);

/// At its exit: this is what it returns.
bool answer_call(pid_t pid, long result);

}  // namespace once::test
