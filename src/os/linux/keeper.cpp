#include <fcntl.h>
#include <poll.h>
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
#include "os/linux/proc_folder.hpp"
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
    int terminal;  // -1: not to be handed over
    int output;    // -1: stdin, stdout and stderr stay as they are
    pid_t parent;
    int channel;  // where the word to launch comes
};

// How a launch went.
enum class Step {
    launched,
    late,        // no word to launch has come for a while
    called_off,  // none will
    folder,      // it could not be entered
    failed
};

// What a leader that was not launched says of it.
struct Reason {
    Step step = Step::launched;
    int error = 0;  // errno
};

// Waits a moment for the word to launch. It stays where it is, for the keeper: with the locks.
Step await_word(int channel, Go& go) noexcept {
    constexpr int patience_ms = 100;
    pollfd one{channel, POLLIN, 0};
    const int count = retry([&] { return ::poll(&one, 1, patience_ms); });
    if (count <= 0) return count == 0 ? Step::late : Step::failed;
    const auto got = persist([&] { return ::recv(channel, &go, sizeof go, MSG_PEEK); });
    if (got < 0) return Step::failed;
    return got == sizeof go ? Step::launched : Step::called_off;
}

// What fails before there is a word need not fail when there is one: the job that is replaced may
// have used up what we are short of.
Step failed_or_late(const Handle& channel) noexcept {
    pollfd one{descriptor(channel), POLLIN, 0};
    return retry([&] { return ::poll(&one, 1, 0); }) == 0 ? Step::late : Step::failed;
}

// Returns only if it was not launched, and says where it stopped; with errno if something failed.
Step become_leader(const Exec& exec) noexcept {
    // The keeper's death is ours: with it nobody is left who would end us. It may have died before
    // this call, which then comes too late (prctl(2), PR_SET_PDEATHSIG).
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != exec.parent) ::_exit(1);
    if (exec.group >= 0) (void)::setpgid(0, exec.group);
    Go go;
    if (const auto step = await_word(exec.channel, go); step != Step::launched) return step;
    // TTOU is blocked yet.
    if (exec.terminal >= 0 && go.is_foreground) (void)::tcsetpgrp(exec.terminal, ::getpgrp());
    if (exec.output >= 0) {
        const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (nothing < 0 || ::dup2(nothing, STDIN_FILENO) < 0) return Step::failed;
        (void)::dup2(exec.output, STDOUT_FILENO);
        (void)::dup2(exec.output, STDERR_FILENO);
    }
    if (::chdir(exec.folder) < 0) return Step::folder;
    restore_signals(*exec.signals);
    // It has a slash in it, so PATH is not searched again; a script without `#!` is run by the
    // shell.
    ::execvpe(exec.file, exec.argv, exec.environment);
    return Step::failed;
}

// ---------------------------------------------------------------------------------------------

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (const auto& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

struct Attempt {
    Step step = Step::failed;
    Launched launched;
};

// The leader, as far as it gets without the word to launch: while `once` still looks at its slots
// and ports, so that the word finds it ready. vfork(2) spares the copy of the page tables; all
// signals are blocked, and the child touches nothing but its own few locals. That it was launched
// is told by its end of a pipe, which the exec closes: also where vfork is fork, as under valgrind.
Attempt launch_leader(const Command& command, pid_t group, const Handle& channel) {
    const auto argv = pointers_to(command.argv);
    const auto environment = pointers_to(command.environment);
    const Exec exec{command.executable.c_str(),
                    argv.data(),
                    environment.data(),
                    command.folder.c_str(),
                    &command.signals,
                    group,
                    command.hand_over != nullptr ? descriptor(command.hand_over->handle()) : -1,
                    command.output != nullptr ? descriptor(*command.output) : -1,
                    ::getpid(),
                    descriptor(channel)};
    std::array<int, 2> ends{-1, -1};
    const auto fail = [&] {
        const int error = errno;
        return Attempt{failed_or_late(channel), {{}, error, false}};
    };
    if (::pipe2(ends.data(), O_CLOEXEC) < 0) return fail();
    const Handle hearing(ends[0]);
    Handle telling(ends[1]);
    const pid_t pid = ::vfork();
    if (pid == 0) {
        const auto step = become_leader(exec);
        const Reason reason{step, errno};
        (void)::write(ends[1], &reason, sizeof reason);
        ::_exit(exit_status::not_found);
    }
    if (pid < 0) return fail();
    telling.close();
    Reason reason;
    (void)retry([&] { return ::read(descriptor(hearing), &reason, sizeof reason); });
    if (reason.step != Step::launched) {
        (void)::waitpid(pid, nullptr, 0);
        return {reason.step, {{}, reason.error, reason.step == Step::folder}};
    }
    // A leader that was killed before its exec is a zombie of ours now, and can be read as well.
    const auto facts = read_process(pid);
    return {Step::launched, {facts ? facts->id : ProcessId{pid, 0}, 0, false}};
}

// Who has to wait for long waits here: a parent that stands still in vfork(2) counts as busy.
Launched launch_when_told(const Command& command, pid_t group, const Handle& channel) {
    while (true) {
        const auto attempt = launch_leader(command, group, channel);
        if (attempt.step != Step::late) return attempt.launched;
        pollfd one{descriptor(channel), POLLIN, 0};
        (void)retry([&] { return ::poll(&one, 1, -1); });
    }
}

void close_range(unsigned first, unsigned last) {
    if (::syscall(SYS_close_range, first, last, 0U) == 0) return;
    // Before Linux 5.9 there is none.
    const auto folder = ProcFolder::open("/proc/self/fd");
    if (!folder) return;
    for (const int number : folder->numbers()) {
        const auto one = static_cast<unsigned>(number);
        const bool is_folder = number == descriptor(folder->handle());
        if (one >= first && one <= last && !is_folder) (void)::close(number);
    }
}

void close_all_but(std::vector<int> kept) {
    std::sort(kept.begin(), kept.end());
    unsigned next = 3;
    for (const int descriptor : kept) {
        const auto one = static_cast<unsigned>(descriptor);
        if (one > next) close_range(next, one - 1);
        next = std::max(next, one + 1);
    }
    close_range(next, ~0U);
}

// Takes the word to launch, and what came with it. False if `once` went without one: it was
// refused, or has died.
bool take_word(const Handle& channel, std::vector<int>& shared) {
    Go go;
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
    const bool hands_over = command.own_group && command.hand_over != nullptr;
    const auto launched =
        launch_when_told(command, hands_over ? ::getpid() : (command.own_group ? 0 : -1), channel);
    std::vector<int> kept{descriptor(channel)};
    if (!take_word(channel, kept)) return;
    send(channel, launched);  // if nobody hears it, the closed channel will say so
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
    try {
        be_called("job-keeper", command.argv);
        live(command, std::move(channel), keep);
    } catch (...) {
        // No memory, no descriptors: our death kills the leader, and `once` adopts and ends the
        // rest. By KILL: who exits has done its work.
        (void)::kill(::getpid(), SIGKILL);
    }
    ::_exit(0);
}

}  // namespace once::os
