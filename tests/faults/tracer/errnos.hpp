#pragma once
// What each system call may answer instead of doing its work: the errors that its man page names,
// and that a right caller can meet. A wrong caller alone gets EFAULT, or EBADF for a descriptor
// that is open; those would be errors in the program, and no test can ask for them to be survived.

#include <cstddef>
#include <span>

namespace once::test {

struct CallFaults {
    long number;
    const char* name;
    std::span<const int> errnos;
};

/// Null for a call that cannot fail, or that nobody has listed yet; then `is_listed` tells which.
const CallFaults* faults_of(long number);

/// A call without errors, such as getpid(2), is listed too.
bool is_listed(long number);

/// `openat`; the number itself for a call that is not listed.
const char* call_name(long number);

/// Whether the work is done all the same: close(2) frees the descriptor whatever it answers.
bool is_done_although_failed(long number);

}  // namespace once::test
