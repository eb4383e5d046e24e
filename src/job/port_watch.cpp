#include "job/port_watch.hpp"

#include <algorithm>

#include "job/offspring.hpp"

namespace once::job {

PortLook look_at(os::Port port, int subreaper) {
    PortLook look;
    look.port = port;
    const auto sockets = os::listeners(port);
    if (sockets.empty()) return look;
    look.listener = sockets.front();
    const auto inodes = os::inodes_of(sockets);
    const auto ours = os::find_owners(inodes, pids_below(subreaper));
    look.standing = PortLook::Standing::ours;
    if (!ours.found.empty()) return look;
    look.standing = PortLook::Standing::unclear;
    if (!ours.unreadable.empty()) return look;
    // Not ours, as it seems: then somebody else must be there to be named. The job is asked again
    // afterwards, since it may have forked the listener while we looked.
    const auto all = os::find_owners(inodes);
    for (const auto& owner : all.found) {
        if (is_below(owner.pid, subreaper)) {
            look.standing = PortLook::Standing::ours;
            return look;
        }
    }
    if (all.found.empty()) return look;
    look.standing = PortLook::Standing::strangers;
    look.stranger = all.found.front().pid;
    return look;
}

std::vector<os::Port> ports_of(int subreaper) {
    const auto sockets = os::listeners(std::nullopt);
    const auto owners = os::find_owners(os::inodes_of(sockets), pids_below(subreaper));
    std::vector<os::Port> ports;
    for (const auto& socket : sockets) {
        const auto owns = [&](const os::SocketOwner& owner) { return owner.inode == socket.inode; };
        if (std::any_of(owners.found.begin(), owners.found.end(), owns))
            ports.push_back(socket.port);
    }
    std::sort(ports.begin(), ports.end());
    ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
    return ports;
}

LookSchedule::LookSchedule(TimePoint launched, std::optional<Duration> within)
    : launched_(launched),
      at_most_(within.value_or(std::chrono::seconds(30))),
      longest_pause_(within ? Duration(std::chrono::milliseconds(160)) : at_most_),
      next_(launched + std::min(pause_, at_most_)) {}

void LookSchedule::confirm(TimePoint now) {
    const auto soon = now + std::chrono::milliseconds(10);
    next_ = next_ ? std::min(*next_, soon) : soon;
}

void LookSchedule::step(TimePoint now) {
    pause_ = std::min(2 * pause_, longest_pause_);
    if (!next_ || now - launched_ >= at_most_) return finish();
    next_ = std::min(now + pause_, launched_ + at_most_);
}

}  // namespace once::job
