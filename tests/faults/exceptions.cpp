#include "exceptions.hpp"

#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "tracer/errnos.hpp"

namespace once::test {

namespace {

int error_of(const Trial& trial, const Intervention& wish) {
    const CallFaults* const faults = faults_of(trial.call());
    return faults != nullptr ? faults->errnos[wish.error] : 0;
}

bool is_one_of(long one, std::initializer_list<long> several) {
    return std::find(several.begin(), several.end(), one) != several.end();
}

/// The last few calls of who dies by the signal of its job.
bool is_end_of_itself(const Trial& trial) {
    const auto code = trial.watched().wait_ending().code;
    const bool is_of_a_signal = code && (*code == 128 + SIGTERM || *code == 128 + SIGINT);
    return is_of_a_signal &&
           is_one_of(trial.call(), {SYS_kill, SYS_rt_sigprocmask, SYS_rt_sigaction});
}

}  // namespace

bool is_excepted(const Trial& trial, const Intervention& wish, Promise promise) {
    if (!trial.was_hit() || wish.action != Intervention::Action::fail) return false;
    // 1. Before main() the C library speaks for itself, or crashes: glibc 2.36 does without memory
    //    for the thread-local storage.
    if (trial.is_before_main()) return true;
    // 2. A file that is no program, says execve(2), is a script for the shell: execvp(3). What the
    //    shell makes of a program is the shell's.
    if (trial.call() == SYS_execve && error_of(trial, wish) == ENOEXEC) return true;
    // 3. A kernel that says of a process or a folder that it is gone, or somebody else's, is
    //    believed, and so nobody is found. What a system that is short of something says is not.
    if (promise == Promise::status && trial.watched().wait_ending() == exited(1) &&
        !is_one_of(error_of(trial, wish), {EMFILE, ENFILE, ENOMEM, EIO, EINTR})) {
        return true;
    }
    // 4. Who cannot kill itself exits with 128 + n instead, as pid 1 of a container does.
    if (promise == Promise::status && is_end_of_itself(trial)) return true;
    // 5. A caller that cannot be told that the job is up waits for its end: one byte for a socket
    //    that is there to take it. Being short of memory is waited out.
    if (promise == Promise::time) return trial.call() == SYS_sendto;
    // 6. Words that cannot be written cannot be read.
    return promise == Promise::words && trial.watched().stderr_text().empty() &&
           is_one_of(trial.call(), {SYS_write, SYS_ppoll
#ifdef SYS_poll
                                    ,
                                    SYS_poll
#endif
                                   });
}

}  // namespace once::test
