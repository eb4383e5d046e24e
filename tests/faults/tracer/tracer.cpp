#include "tracer.hpp"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "errnos.hpp"
#include "registers.hpp"

namespace once::test {

namespace {

using Action = Intervention::Action;

constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                         PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

pid_t parent_of(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string word; status >> word;) {
        pid_t parent = 0;
        if (word == "PPid:" && status >> parent) return parent;
    }
    return 0;
}

bool is_group_stop(int signal) {
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

}  // namespace

bool Tracer::seize() {
    tracees_[root_] = {};
    return ptrace(PTRACE_SEIZE, root_, nullptr, options) == 0;
}

std::string Tracer::run() {
    while (outcome_.empty() && !tracees_.empty()) {
        int status = 0;
        const pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == EINTR) continue;
        if (pid < 0) break;
        if (WIFSTOPPED(status)) {
            on_stop(pid, status);
        } else {
            tracees_.erase(pid);
        }
    }
    return outcome_.empty() ? "miss " + std::to_string(calls_) : outcome_;
}

void Tracer::on_stop(pid_t pid, int status) {
    const auto known = tracees_.find(pid);
    Tracee& tracee = known != tracees_.end() ? known->second : tracees_[pid] = newcomer(pid);
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (event != 0) return on_event(pid, tracee, event, signal);
    if (signal == (SIGTRAP | 0x80)) return on_call(pid, tracee);
    resume(pid, tracee, signal);
}

void Tracer::on_event(pid_t pid, Tracee& tracee, int event, int signal) {
    if (event == PTRACE_EVENT_EXEC) return on_exec(pid, tracee);
    if (event == PTRACE_EVENT_STOP && is_group_stop(signal)) {
        (void)ptrace(PTRACE_LISTEN, pid, nullptr, nullptr);
        return;
    }
    resume(pid, tracee);
}

/// `once` executes nothing but what is not ours.
void Tracer::on_exec(pid_t pid, Tracee& tracee) {
    if (pid == root_ && !tracee.role) {
        tracee.role = first_;
        return resume(pid, tracee);
    }
    if (tracee.is_at_place) return on_exit(pid, tracee);
    (void)ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
    tracees_.erase(pid);
}

void Tracer::on_call(pid_t pid, Tracee& tracee) {
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) < 0) {
        return resume(pid, tracee);
    }
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        on_entry(pid, tracee, static_cast<long>(info.entry.nr));
    } else if (tracee.is_at_place) {
        on_exit(pid, tracee);
    } else {
        resume(pid, tracee);
    }
}

void Tracer::on_entry(pid_t pid, Tracee& tracee, long number) {
    has_begun_ = has_begun_ || number == SYS_fcntl;
    if (!counts(tracee) || ++calls_ != wish_.place) return resume(pid, tracee);
    number_ = number;
    const CallFaults* const faults = faults_of(number);
    switch (wish_.action) {
        case Action::none:
            break;
        case Action::kill_before:
            kill_victims();
            return end_with(number, 0);
        case Action::fail:
            if (faults == nullptr || wish_.error >= faults->errnos.size()) {
                return end_with(number, 0);
            }
            if (number == SYS_brk) {
                wished_break_ = refuse_to_move_break(pid);
            } else if (!is_done_although_failed(number)) {
                (void)skip_call(pid);
            }
            [[fallthrough]];
        case Action::kill_after:
            tracee.is_at_place = true;
            break;
    }
    resume(pid, tracee);
}

void Tracer::on_exit(pid_t pid, Tracee& tracee) {
    tracee.is_at_place = false;
    if (wish_.action == Action::kill_after) {
        kill_victims();
        return end_with(number_, 0);
    }
    const CallFaults& faults = *faults_of(number_);
    if (number_ == SYS_brk) {
        forget_refusal(pid, wished_break_);
    } else {
        (void)answer_call(pid, -faults.errnos[wish_.error]);
    }
    end_with(number_, faults.errnos.size());
}

void Tracer::kill_victims() {
    for (const auto& [pid, tracee] : tracees_) {
        for (const Role victim : wish_.victims) {
            if (tracee.role == victim) (void)kill(pid, SIGKILL);
        }
    }
}

void Tracer::end_with(long number, std::size_t errors) {
    outcome_ = "hit " + std::to_string(number) + " " + std::to_string(errors) + " " +
               (has_begun_ || tracees_.size() > 1 ? "main" : "start");
}

void Tracer::resume(pid_t pid, const Tracee& tracee, int signal) const {
    const bool stops_at_calls = counts(tracee);
    (void)ptrace(stops_at_calls ? PTRACE_SYSCALL : PTRACE_CONT, pid, nullptr, signal);
}

Tracer::Tracee Tracer::newcomer(pid_t pid) const {
    const auto parent = tracees_.find(parent_of(pid));
    Tracee tracee;
    if (parent == tracees_.end() || !parent->second.role) return tracee;
    tracee.role = *parent->second.role == Role::caller ? Role::once
                  : *parent->second.role == Role::once ? Role::keeper
                                                       : Role::launcher;
    return tracee;
}

}  // namespace once::test
