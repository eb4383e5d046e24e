#include "os/job.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <string_view>

#include "os/executable.hpp"
#include "os/linux/channel.hpp"
#include "os/linux/check.hpp"
#include "os/linux/custody.hpp"

namespace once::os {
namespace {

// `sh -c 'redis & exec once …'`: who executed us may have left us children.
std::vector<ProcessId> own_children() {
    siginfo_t info{};
    if (retry([&] { return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT); }) < 0)
        return {};
    std::vector<ProcessId> children;
    for (const auto& process : read_processes()) {
        if (process.parent == ::getpid()) children.push_back(process.id);
    }
    return children;
}

// What the job carries in its environment, and nobody else; empty if there is no such thing.
std::string_view mark_in(const std::vector<std::string>& environment) {
    constexpr std::string_view start = "ONCE_JOB=";
    for (const std::string_view variable : environment) {
        if (variable.starts_with(start)) return variable.substr(start.size());
    }
    return {};
}

// Waits a while until there is something to read. 0 if there is not, negative if it cannot wait.
int await_readable(const Handle& handle) {
    constexpr int patience_ms = 1000;
    pollfd one{descriptor(handle), POLLIN, 0};
    return retry([&] { return ::poll(&one, 1, patience_ms); });
}

// Waits a while for a child of ours to end.
bool ends_soon(int pid) {
    return await_readable(Handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)))) > 0;
}

// Sends the word to launch, with some of the descriptors.
bool send_go(const Handle& channel, const Go& go, const int* shared, std::size_t count) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_shared)> control{};
    Go word = go;
    iovec body{&word, sizeof word};
    msghdr message{};
    message.msg_iov = &body;
    message.msg_iovlen = 1;
    if (count > 0) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        cmsghdr* rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * count);
        std::memcpy(CMSG_DATA(rights), shared, sizeof(int) * count);
    }
    return retry([&] { return ::sendmsg(descriptor(channel), &message, MSG_NOSIGNAL); }) ==
           sizeof word;
}

}  // namespace

Job Job::prepare(const Command& command, const Keep& keep) {
    std::array<int, 2> ends{};
    check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), "make a channel");
    Handle ours(ends[0]);
    Handle theirs(ends[1]);
    auto others = own_children();
    check(::prctl(PR_SET_CHILD_SUBREAPER, 1), "become the reaper of orphans");
    const pid_t pid = check(::fork(), "start the keeper");
    if (pid == 0) {
        ours.close();  // else it would never see us go
        be_keeper(command, std::move(theirs), keep);
    }
    theirs.close();
    Job job(command, {pid, 0}, std::move(ours));
    job.others_ = std::move(others);
    return job;
}

void Job::start(const std::vector<const Handle*>& shared, bool is_foreground) {
    std::vector<int> descriptors;
    descriptors.reserve(shared.size());
    for (const auto* handle : shared) descriptors.push_back(descriptor(*handle));
    std::size_t sent = 0;
    do {
        const auto count = std::min<std::size_t>(descriptors.size() - sent, most_shared);
        const bool is_last = sent + count == descriptors.size();
        if (!send_go(channel_, {is_last, is_foreground}, descriptors.data() + sent, count)) {
            const int why = errno;
            give_up(fmt::format("cannot launch '{}': {}", command_.argv.front(),
                                why == EPIPE ? "the keeper was killed" : reason(why)));
        }
        sent += count;
    } while (sent < descriptors.size());
    const auto& file = command_.argv.front();
    Launched launched;
    // The command may have stopped it already, before it could tell; and a Ctrl-Z the leader,
    // before it was the command. The group is the keeper's own, which is not reaped.
    const bool has_terminal = command_.hand_over != nullptr;
    while (await_readable(channel_) == 0) {
        (void)::kill(keeper_.pid, SIGCONT);
        if (has_terminal) (void)::kill(-keeper_.pid, SIGCONT);
    }
    if (receive(channel_, launched, 0) != Reception::message) {
        give_up(fmt::format("the keeper was killed while it launched '{}', which is ended", file));
    }
    if (launched.error != 0) take_terminal_back();
    if (launched.in_folder) {
        fail("cannot enter the folder '{}': {}", command_.folder, reason(launched.error));
    }
    if (launched.error != 0) fail_to_run(file, command_.folder, launched.error);
    // Not reaped, so it can be read even if it is dead. Only now: until here the command waited.
    if (const auto facts = read_process(keeper_.pid)) keeper_ = facts->id;
    leader_ = launched.leader;
    group_ = group_of(command_, keeper_.pid, leader_.pid);
}

Job::~Job() {
    if (!channel_) return;
    channel_.close();
    // Our child and not yet reaped. It may have been stopped, and could not go.
    (void)::kill(keeper_.pid, SIGCONT);
    // Nothing launched: then it waits for its child, which goes now unless somebody has stopped it.
    if (leader_.pid == 0 && !ends_soon(keeper_.pid)) (void)::kill(keeper_.pid, SIGKILL);
    (void)reap_keeper();
    take_terminal_back();
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
    if (!channel_) return;
    send(channel_, order);
    // Whoever has stopped it shall not keep us from ending the job. It is our child, not reaped.
    if (order.kind != Order::Kind::forward) (void)::kill(keeper_.pid, SIGCONT);
}

Ending Job::reap_keeper() noexcept {
    siginfo_t info{};
    (void)retry([&] { return ::waitid(P_PID, static_cast<id_t>(keeper_.pid), &info, WEXITED); });
    return to_ending(info);
}

bool Job::carries_mark(ProcessId child) const {
    const auto ours = mark_in(command_.environment);
    if (ours.empty()) return true;
    const auto its = environment_of(child.pid, "ONCE_JOB").value_or("");
    // A job within the job carries both.
    return its.starts_with(ours) && (its.size() == ours.size() || its[ours.size()] == ':');
}

bool Job::is_stranger(ProcessId child) const {
    if (std::find(others_.begin(), others_.end(), child) != others_.end()) return true;
    // The orphans of those we get as well; and as pid 1 everybody's.
    const bool gets_others = !others_.empty() || ::getpid() == 1;
    return gets_others && child != leader_ && !carries_mark(child);
}

bool Job::has_orphans() const {
    const auto children = own_children();
    return std::any_of(children.begin(), children.end(),
                       [&](ProcessId child) { return !is_stranger(child) && carries_mark(child); });
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
    std::vector<ProcessId> strangers;
    for (const auto child : own_children()) {
        if (is_stranger(child)) strangers.push_back(child);
    }
    return {leader_, 0, false, Handle(), std::move(strangers)};
}

void Job::take_terminal_back() const noexcept {
    const auto* terminal = command_.hand_over;
    if (terminal != nullptr && terminal->foreground_group() == keeper_.pid) terminal->give_to_us();
}

void Job::give_up(const std::string& words) {
    kill_orphans();
    take_terminal_back();
    fail("{}", words);
}

void Job::kill_orphans() {
    channel_.close();
    (void)reap_keeper();
    for (bool has_found = true; has_found;) {
        has_found = false;
        for (const auto& child : read_children(::getpid())) {
            if (is_stranger(child.id)) continue;
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

}  // namespace once::os
