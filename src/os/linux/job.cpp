#include "os/job.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <memory>

#include "os/executable.hpp"
#include "os/linux/check.hpp"

namespace once::os {
namespace {

// ---------------------------------------------------------------------------------------------
// The channel: one datagram a message, and its end when the other side dies.

// The first message of the keeper.
struct Launched {
    ProcessId leader;
    int error = 0;           // errno of the step that failed
    bool in_folder = false;  // that step was to enter the folder
};

template <class Message>
bool send(const Handle& channel, const Message& message) noexcept {
    return retry([&] {
               return ::send(descriptor(channel), &message, sizeof message, MSG_NOSIGNAL);
           }) == sizeof message;
}

enum class Reception { message, nothing, closed };

template <class Message>
Reception receive(const Handle& channel, Message& message, int flags) noexcept {
    const auto get = [&] {
        return retry([&] { return ::recv(descriptor(channel), &message, sizeof message, flags); });
    };
    auto got = get();
    // Told once if the other side went with messages of ours unread (unix_release_sock in the
    // kernel); what it had sent before is still there.
    if (got < 0 && errno == ECONNRESET) got = get();
    if (got == sizeof message) return Reception::message;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Reception::nothing;
    return Reception::closed;
}

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
Launched launch_leader(const Command& command, pid_t group) {
    const auto argv = pointers_to(command.argv);
    const auto environment = pointers_to(command.environment);
    const Exec exec{command.executable.c_str(),
                    argv.data(),
                    environment.data(),
                    command.folder.c_str(),
                    &command.signals,
                    group,
                    command.is_foreground ? descriptor(command.hand_over->handle()) : -1,
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

void point_to_nothing(std::initializer_list<int> targets) noexcept {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0) return;
    for (const int target : targets) (void)::dup2(nothing, target);
    if (nothing > 2) (void)::close(nothing);
}

// The job's own group, or 0.
int group_of(const Command& command, int keeper, int leader) {
    if (!command.own_group) return 0;
    return command.hand_over != nullptr ? keeper : leader;
}

Ending to_ending(const siginfo_t& info) noexcept {
    return info.si_code == CLD_EXITED ? Ending::exited(info.si_status)
                                      : Ending::killed(info.si_status);
}

// A keeper whose work is done ends as the leader did: one wake-up less for `once` than a message.
[[noreturn]] void end_as(const Ending& ending) noexcept {
    if (ending.kind == Ending::Kind::killed) die_of(ending.value);
    ::_exit(ending.value);
}

// The keeper's process, from the fork to its end.
[[noreturn]] void be_keeper(const Command& command, const std::vector<const Handle*>& shared,
                            Handle channel, const Job::Keep& keep) noexcept {
    try {
        // Also the few that `once` leaves to the terminal: nothing may stop or end the keeper. The
        // leader gets its own mask back.
        sigset_t all;
        sigfillset(&all);
        (void)::sigprocmask(SIG_BLOCK, &all, nullptr);
        (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
        (void)::prctl(PR_SET_NAME, "once-keeper");
        // With a group of its own no killpg(2) of once's or the job's group hits it too. But with a
        // terminal handed over its group is the job's, to tell of what the keyboard sends to that.
        if (command.own_group) (void)::setpgid(0, 0);
        const bool hands_over = command.own_group && command.hand_over != nullptr;
        const auto launched =
            launch_leader(command, hands_over ? ::getpid() : (command.own_group ? 0 : -1));
        (void)send(channel, launched);  // if nobody hears it, the closed channel will say so
        if (launched.error != 0) ::_exit(0);
        // Nothing of the caller's may be held open by a process that the caller does not know.
        std::vector<int> kept{descriptor(channel)};
        for (const auto* handle : shared) kept.push_back(descriptor(*handle));
        point_to_nothing({STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
        close_all_but(std::move(kept));
        (void)::chdir("/");
        const int group = group_of(command, ::getpid(), launched.leader.pid);
        Custody custody(launched.leader, group, hands_over, std::move(channel), {});
        keep(custody);
        end_as(custody.leader_ending().value_or(Ending::exited(0)));
    } catch (...) {
        // No memory, no descriptors: our death kills the leader, and `once` adopts and ends the
        // rest.
        ::_exit(exit_status::failed);
    }
}

// `sh -c 'redis & exec once …'`: who executed us may have left us children.
std::vector<ProcessId> own_children() {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0) return {};
    std::vector<ProcessId> children;
    for (const auto& process : read_processes()) {
        if (process.parent == ::getpid()) children.push_back(process.id);
    }
    return children;
}

}  // namespace

Custody::Custody(ProcessId leader, int group, bool watch_stops, Handle channel,
                 std::vector<ProcessId> others)
    : leader_(leader),
      group_(group),
      watch_stops_(watch_stops),
      channel_(std::move(channel)),
      others_(std::move(others)) {
    siginfo_t info{};
    leader_reaped_ =
        ::waitid(P_PID, static_cast<id_t>(leader_.pid), &info, WEXITED | WNOHANG | WNOWAIT) < 0;
}

int Custody::group() const { return group_ != 0 ? group_ : ::getpgrp(); }

std::optional<ChildChange> Custody::next_change() {
    siginfo_t info{};
    if (watch_stops_ && !leader_reaped_ &&
        ::waitid(P_PID, static_cast<id_t>(leader_.pid), &info, WSTOPPED | WNOHANG) == 0 &&
        info.si_pid != 0) {
        return ChildChange{info.si_pid, true, Ending::killed(info.si_status)};
    }
    info = {};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0) return std::nullopt;
    const auto ending = to_ending(info);
    if (info.si_pid == leader_.pid) {
        leader_reaped_ = true;
        leader_ending_ = ending;
    }
    return ChildChange{info.si_pid, false, ending};
}

bool Custody::is_childless() const {
    siginfo_t info{};
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

void Custody::signal(int number, Scope scope) noexcept {
    if (leader_reaped_) return;
    const bool whole_group = scope == Scope::group && group_ != 0;
    // It is our child and not yet reaped: the number is its own.
    (void)::kill(whole_group ? -group_ : leader_.pid, number);
}

void Custody::report(const Report& report) noexcept {
    // If `once` is gone, nobody needs to know; the closed channel will tell us.
    if (channel_) (void)send(channel_, report);
}

std::optional<Order> Custody::next_order() {
    if (!channel_) return std::nullopt;
    Order order;
    switch (receive(channel_, order, MSG_DONTWAIT)) {
        case Reception::message:
            return order;
        case Reception::nothing:
            return std::nullopt;
        case Reception::closed:
            channel_.close();
            return std::nullopt;
    }
    return std::nullopt;
}

Job Job::launch(const Command& command, const std::vector<const Handle*>& shared,
                const Keep& keep) {
    std::array<int, 2> ends{};
    check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), "make a channel");
    Handle ours(ends[0]);
    Handle theirs(ends[1]);
    auto others = own_children();
    check(::prctl(PR_SET_CHILD_SUBREAPER, 1), "become the reaper of orphans");
    const pid_t pid = check(::fork(), "start the keeper");
    if (pid == 0) {
        ours.close();  // else it would never see us go
        be_keeper(command, shared, std::move(theirs), keep);
    }
    theirs.close();
    Job job({pid, 0}, std::move(ours));
    job.others_ = std::move(others);
    if (const auto facts = read_process(pid)) job.keeper_ = facts->id;
    Launched launched;
    if (receive(job.channel_, launched, 0) != Reception::message) {
        job.kill_orphans();
        fail("cannot launch '{}': the keeper was killed", command.argv.front());
    }
    if (launched.in_folder) {
        fail("cannot enter the folder '{}': {}", command.folder, reason(launched.error));
    }
    if (launched.error != 0) fail_to_run(command.argv.front(), command.folder, launched.error);
    job.leader_ = launched.leader;
    job.group_ = group_of(command, pid, job.leader_.pid);
    return job;
}

Job::~Job() {
    if (!channel_) return;
    channel_.close();
    // Our child and not yet reaped. It may have been stopped, and could not go.
    (void)::kill(keeper_.pid, SIGCONT);
    (void)reap_keeper();
}

std::optional<Report> Job::next_report() {
    if (!channel_) return std::nullopt;
    Report report;
    switch (receive(channel_, report, MSG_DONTWAIT)) {
        case Reception::message:
            return report;
        case Reception::nothing:
            return std::nullopt;
        case Reception::closed:
            return end_of_keeper();
    }
    return std::nullopt;
}

void Job::order(const Order& order) noexcept {
    // A keeper that is gone is noticed when its reports are read.
    if (channel_) (void)send(channel_, order);
}

Ending Job::reap_keeper() noexcept {
    siginfo_t info{};
    (void)retry([&] { return ::waitid(P_PID, static_cast<id_t>(keeper_.pid), &info, WEXITED); });
    return to_ending(info);
}

bool Job::has_orphans() const {
    siginfo_t info{};
    if (others_.empty()) return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
    const auto children = read_children(::getpid());
    return std::any_of(children.begin(), children.end(), [&](const ProcessFacts& child) {
        return std::find(others_.begin(), others_.end(), child.id) == others_.end();
    });
}

Report Job::end_of_keeper() {
    channel_.close();
    // When it can be waited for, its children have their new parent already (exit_notify in the
    // kernel hands them on first): us.
    const auto ending = reap_keeper();
    const bool was_killed = ending == Ending::killed(SIGKILL) || has_orphans();
    return was_killed ? Report{Report::Kind::keeper_gone, 0, false, {}}
                      : Report{Report::Kind::swept, 0, false, ending};
}

Custody Job::take_over() {
    // Without its keeper a group that it led may mean nobody, or somebody else, at any time.
    return {leader_, 0, false, Handle(), others_};
}

void Job::kill_orphans() {
    channel_.close();
    (void)reap_keeper();
    for (bool has_found = true; has_found;) {
        has_found = false;
        for (const auto& child : read_children(::getpid())) {
            if (std::find(others_.begin(), others_.end(), child.id) != others_.end()) continue;
            // Ours and not reaped, so the number is its own. Its children become ours in turn.
            has_found = true;
            (void)::kill(child.id.pid, SIGKILL);
            (void)retry([&] { return ::waitpid(child.id.pid, nullptr, 0); });
        }
    }
}

void Job::reap_strangers() noexcept {
    siginfo_t info{};
    while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 &&
           info.si_pid != keeper_.pid) {
        (void)::waitpid(info.si_pid, nullptr, 0);
        info = {};
    }
}

void Job::leave() noexcept {
    order({Order::Kind::leave, 0, Scope::leader});
    channel_.close();
}

std::vector<FileId> stdio_files() {
    struct stat nothing {};
    (void)::stat("/dev/null", &nothing);
    std::vector<FileId> files;
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        struct stat facts {};
        if (::fstat(descriptor, &facts) == 0 && facts.st_rdev != nothing.st_rdev) {
            files.push_back({facts.st_dev, facts.st_ino});
        }
    }
    return files;
}

void reserve_stdio() noexcept {
    for (const int target : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(target, F_GETFD) >= 0) continue;
        // The lowest free number is this one. Close-on-exec: the command does not see it.
        (void)::open("/dev/null", O_RDWR | O_CLOEXEC);
    }
}

void let_go_of_inherited_files() noexcept {
    point_to_nothing({STDIN_FILENO, STDOUT_FILENO});
    // What survived our own exec is not close-on-exec; all that we opened since is.
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
    if (!folder) return;
    while (const dirent* entry = ::readdir(folder.get())) {
        const std::string_view name = entry->d_name;
        int number = -1;
        (void)std::from_chars(name.data(), name.data() + name.size(), number);
        if (number <= STDERR_FILENO) continue;
        const int flags = ::fcntl(number, F_GETFD);
        if (flags >= 0 && (flags & FD_CLOEXEC) == 0) (void)::close(number);
    }
}

void die_of(int signal) noexcept {
    (void)::prctl(PR_SET_DUMPABLE,
                  0);  // the command has dumped its core, if any; ours is of no use
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    (void)::sigaction(signal, &action, nullptr);
    sigset_t only;
    sigemptyset(&only);
    (void)sigaddset(&only, signal);
    (void)::kill(::getpid(), signal);
    (void)::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    // Still here: as pid 1 of a container nothing of the kind kills us (pid_namespaces(7)).
    ::_exit(128 + signal);
}

}  // namespace once::os
