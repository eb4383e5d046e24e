#pragma once
// The two things that PTRACE_GET_SYSCALL_INFO does not do: let a call be skipped, and answer it.
// (PTRACE_SET_SYSCALL_INFO came with Linux 6.16.)

#include <sys/types.h>

namespace once::test {

/// At the entry of a call: nothing of it shall be done.
bool skip_call(pid_t pid);

/// At the entry of brk(2), which answers with the break as it is when it cannot move it: that is
/// what it shall do.
unsigned long long refuse_to_move_break(pid_t pid);
/// At its exit: what it was called with is put back, since the C library counts on finding it.
void forget_refusal(pid_t pid, unsigned long long wish);

/// At its exit: this is what it returns.
bool answer_call(pid_t pid, long result);

}  // namespace once::test
