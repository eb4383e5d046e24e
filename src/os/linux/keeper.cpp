#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <vector>

#include "base/failure.hpp"
#include "os/linux/channel.hpp"
#include "os/self.hpp"

namespace once::os {
namespace {

// ---------------------------------------------------------------------------------------------
// Between fork and exec. Only async-signal-safe calls; nothing is allocated; all is prepared.

struct Exec {
    const char* file;
    char* const* argv;
    char* const* environment;
    const char* folder;
    const SignalState* signals;
    pid_t group;   // -1: ours; 0: one that it leads; else the one to join
    int terminal;  // -1: not handed over
    int output;    // -1: stdin, stdout and stderr stay as they are
    pid_t parent;
};

// Returns only if something failed, with errno, and says in `in_folder` what it was.
void become_leader(const Exec& exec, volatile bool& in_folder) noexcept {
    // The keeper's death is ours: with it nobody is left who would end us. It may have died before
    // this call, which then comes too late (prctl(2), PR_SET_PDEATHSIG).
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != exec.parent) ::_exit(1);
    if (exec.group >= 0) (void)::setpgid(0, exec.group);  // our parent does it too
    if (exec.terminal >= 0) (void)::tcsetpgrp(exec.terminal, ::getpgrp());  // TTOU is blocked yet
    if (exec.output >= 0) {
        const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (nothing < 0 || ::dup2(nothing, STDIN_FILENO) < 0) return;
        (void)::dup2(exec.output, STDOUT_FILENO);
        (void)::dup2(exec.output, STDERR_FILENO);
    }
    in_folder = true;
    if (::chdir(exec.folder) < 0) return;
    in_folder = false;
    restore_signals(*exec.signals);
    // It has a slash in it, so PATH is not searched again; a script without `#!` is run by the
    // shell.
    ::execvpe(exec.file, exec.argv, exec.environment);
}

// ---------------------------------------------------------------------------------------------

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (const auto& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

// vfork(2) spares the copy of the page tables; the parent stands still until the exec, all signals
// are blocked, and the child touches nothing but its own few locals.
Launched launch_leader(const Command& command, pid_t group, bool is_foreground) {
    const auto argv = pointers_to(command.argv);
    const auto environment = pointers_to(command.environment);
    const Exec exec{command.executable.c_str(),
                    argv.data(),
                    environment.data(),
                    command.folder.c_str(),
                    &command.signals,
                    group,
                    is_foreground ? descriptor(command.hand_over->handle()) : -1,
                    command.output != nullptr ? descriptor(*command.output) : -1,
                    ::getpid()};
    volatile int error = 0;
    volatile bool in_folder = false;
    const pid_t pid = ::vfork();
    if (pid == 0) {
        become_leader(exec, in_folder);
        error = errno;
        ::_exit(exit_status::not_found);
    }
    Launched launched;
    if (pid < 0) {
        launched.error = errno;
        return launched;
    }
    if (error != 0) {
        (void)::waitpid(pid, nullptr, 0);
        launched.error = error;
        launched.in_folder = in_folder;
        return launched;
    }
    // EACCES: it did so itself, and has executed.
    if (group >= 0) (void)::setpgid(pid, group == 0 ? pid : group);
    launched.leader = {pid, 0};
    // A leader that was killed before its exec is a zombie of ours now, and can be read as well.
    if (const auto facts = read_process(pid)) launched.leader = facts->id;
    return launched;
}

void close_all_but(std::vector<int> kept) noexcept {
    std::sort(kept.begin(), kept.end());
    unsigned next = 3;
    for (const int descriptor : kept) {
        const auto one = static_cast<unsigned>(descriptor);
        if (one > next) (void)::syscall(SYS_close_range, next, one - 1, 0U);
        next = std::max(next, one + 1);
    }
    (void)::syscall(SYS_close_range, next, ~0U, 0U);
}

// Waits for the word to launch. False if `once` went without one: it was refused, or has died.
bool await_go(const Handle& channel, Go& go, std::vector<int>& shared) {
    do {
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_shared)> control{};
        iovec body{&go, sizeof go};
        msghdr message{};
        message.msg_iov = &body;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const auto got =
            retry([&] { return ::recvmsg(descriptor(channel), &message, MSG_CMSG_CLOEXEC); });
        if (got != sizeof go) return false;
        const cmsghdr* rights = CMSG_FIRSTHDR(&message);
        if (rights == nullptr) continue;
        const auto first = shared.size();
        shared.resize(first + (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        std::memcpy(shared.data() + first, CMSG_DATA(rights), rights->cmsg_len - CMSG_LEN(0));
    } while (!go.is_last);
    return true;
}

// It ends as the leader did: one wake-up less for `once` than a message.
[[noreturn]] void end_as(const Ending& ending) noexcept {
    if (ending.kind == Ending::Kind::killed) die_of(ending.value);
    ::_exit(ending.value);
}

void live(const Command& command, Handle channel, const Job::Keep& keep) {
    // With a group of its own no killpg(2) of once's or the job's group hits it too. But with a
    // terminal handed over its group is the job's, to tell of what the keyboard sends to that.
    if (command.own_group) (void)::setpgid(0, 0);
    Go go;
    std::vector<int> kept{descriptor(channel)};
    if (!await_go(channel, go, kept)) return;
    const bool hands_over = command.own_group && command.hand_over != nullptr;
    const auto launched = launch_leader(
        command, hands_over ? ::getpid() : (command.own_group ? 0 : -1), go.is_foreground);
    (void)send(channel, launched);  // if nobody hears it, the closed channel will say so
    if (launched.error != 0) return;
    // Nothing of the caller's may be held open by a process that the caller does not know.
    point_to_nothing(true);
    close_all_but(std::move(kept));
    (void)::chdir("/");
    const int group = group_of(command, ::getpid(), launched.leader.pid);
    Custody custody(launched.leader, group, hands_over, std::move(channel), {});
    keep(custody);
    end_as(custody.leader_ending().value_or(Ending::exited(0)));
}

}  // namespace

void be_keeper(const Command& command, Handle channel, const Job::Keep& keep) noexcept {
    // Also the few that `once` leaves to the terminal: nothing may stop or end the keeper. The
    // leader gets its own mask back.
    sigset_t all;
    sigfillset(&all);
    (void)::sigprocmask(SIG_BLOCK, &all, nullptr);
    (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
    (void)::prctl(PR_SET_NAME, "once-keeper");
    try {
        live(command, std::move(channel), keep);
    } catch (...) {
        // No memory, no descriptors: our death kills the leader, and `once` adopts and ends the
        // rest.
        ::_exit(exit_status::failed);
    }
    ::_exit(0);
}

}  // namespace once::os
