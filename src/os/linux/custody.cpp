#include "os/linux/custody.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include "os/job.hpp"
#include "os/linux/channel.hpp"
#include "os/linux/check.hpp"

namespace once::os {

Custody::Custody(ProcessId leader, int group, bool watch_stops, Handle channel,
                 std::vector<ProcessId> others)
    : leader_(leader),
      group_(group),
      watch_stops_(watch_stops),
      channel_(std::move(channel)),
      others_(std::move(others)) {
    siginfo_t info{};
    leader_reaped_ = retry([&] {
                         return ::waitid(P_PID, static_cast<id_t>(leader_.pid), &info,
                                         WEXITED | WNOHANG | WNOWAIT);
                     }) < 0;
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
    const auto got = retry([&] { return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG); });
    if (got < 0 || info.si_pid == 0) return std::nullopt;
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
    if (channel_) send(channel_, report);
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

}  // namespace once::os
