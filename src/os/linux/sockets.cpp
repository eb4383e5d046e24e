#include "os/sockets.hpp"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstring>

#include "os/linux/check.hpp"
#include "os/linux/parallel.hpp"
#include "os/linux/proc_folder.hpp"
#include "os/linux/proc_net.hpp"
#include "os/linux/sock_diag.hpp"
#include "os/process.hpp"

namespace once::os {
namespace {

constexpr unsigned state_mask(unsigned state) { return 1U << state; }

// Both families; from /proc/net where sock_diag is missing (gVisor, some containers).
std::vector<Socket> look_up(unsigned states, std::optional<Port> port) {
    std::vector<Socket> found;
    if (!dump_sockets(AF_INET, states, port, found)) {
        found = read_proc_net(port);
    } else {
        // Without IPv6 in the kernel there is nothing more to find.
        (void)dump_sockets(AF_INET6, states, port, found);
    }
    std::erase_if(found, [&](const Socket& socket) { return port && socket.port != *port; });
    return found;
}

enum class Reach { v4, v6, both };

Handle bind_test(Reach reach, Port port, int& error) {
    error = 0;
    const int family = reach == Reach::v4 ? AF_INET : AF_INET6;
    Handle socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return socket;
    const int on = 1;
    (void)::setsockopt(descriptor(socket), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_storage address{};
    socklen_t length = 0;
    if (family == AF_INET6) {
        const int is_v6_only = reach == Reach::v6 ? 1 : 0;
        (void)::setsockopt(descriptor(socket), IPPROTO_IPV6, IPV6_V6ONLY, &is_v6_only,
                           sizeof is_v6_only);
        sockaddr_in6 any{};
        any.sin6_family = AF_INET6;
        any.sin6_port = htons(port);
        std::memcpy(&address, &any, length = sizeof any);
    } else {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_port = htons(port);
        std::memcpy(&address, &any, length = sizeof any);
    }
    if (::bind(descriptor(socket), reinterpret_cast<const sockaddr*>(&address), length) < 0) {
        error = errno;
    }
    return socket;
}

// Gone meanwhile is not the same as hidden from us.
bool is_there(int pid) { return ::kill(pid, 0) == 0 || errno == EPERM; }

// Adds what one process has of these sockets.
void look_for_sockets(int pid, const std::vector<std::uint64_t>& inodes, Owners& owners) {
    const auto sockets = sockets_of(pid);
    if (!sockets) return owners.unreadable.push_back(pid);
    std::vector<std::uint64_t> told;
    for (const auto inode : *sockets) {
        const auto has = [&](const std::vector<std::uint64_t>& some) {
            return std::find(some.begin(), some.end(), inode) != some.end();
        };
        if (!has(inodes) || has(told)) continue;
        told.push_back(inode);
        owners.found.push_back({pid, inode});
    }
}

}  // namespace

std::vector<Socket> listeners(std::optional<Port> port) {
    auto found = look_up(state_mask(TCP_LISTEN), port);
    std::erase_if(found, [](const Socket& socket) { return socket.use != SocketUse::listening; });
    return found;
}

std::vector<Socket> other_users(Port port) {
    auto found = look_up(~state_mask(TCP_LISTEN), port);
    std::erase_if(found, [](const Socket& socket) { return socket.use == SocketUse::listening; });
    return found;
}

std::vector<std::uint64_t> inodes_of(const std::vector<Socket>& sockets) {
    std::vector<std::uint64_t> inodes;
    inodes.reserve(sockets.size());
    for (const auto& socket : sockets) inodes.push_back(socket.inode);
    return inodes;
}

std::optional<std::vector<std::uint64_t>> sockets_of(int pid) {
    std::vector<std::uint64_t> inodes;
    auto folder = ProcFolder::open(fmt::format("/proc/{}/fd", pid).c_str());
    auto files = folder ? folder->numbers() : std::vector<int>();
    if (folder && files.empty()) {
        const int thread = living_thread(pid);
        if (thread == pid) return inodes;
        folder = ProcFolder::open(fmt::format("/proc/{}/fd", thread).c_str());
        if (folder) files = folder->numbers();
    }
    if (!folder) return is_there(pid) ? std::nullopt : std::optional(inodes);
    for (const int file : files) {
        std::array<char, 16> name{};
        (void)std::to_chars(name.data(), name.data() + name.size() - 1, file);
        struct stat facts {};  // cheaper than the text of the link
        if (::fstatat(descriptor(folder->handle()), name.data(), &facts, 0) == 0 &&
            S_ISSOCK(facts.st_mode)) {
            inodes.push_back(facts.st_ino);
        }
    }
    return inodes;
}

Owners find_owners(const std::vector<std::uint64_t>& inodes,
                   const std::optional<std::vector<int>>& among) {
    const auto pids = among ? *among : visible_pids();
    std::array<Owners, most_parts> parts;
    in_parallel(pids.size(), [&](std::size_t first, std::size_t last, std::size_t part) {
        for (auto i = first; i < last; ++i) look_for_sockets(pids[i], inodes, parts[part]);
    });
    Owners all;
    for (auto& part : parts) {
        all.found.insert(all.found.end(), part.found.begin(), part.found.end());
        all.unreadable.insert(all.unreadable.end(), part.unreadable.begin(), part.unreadable.end());
    }
    return all;
}

PortState probe(Port port) {
    int error = 0;
    // In the ordinary case one test does for both: it meets whatever either of them would.
    if (const auto socket = bind_test(Reach::both, port, error); socket && error == 0) {
        return PortState::free;
    }
    bool denied = false;
    for (const auto reach : {Reach::v4, Reach::v6}) {
        const auto socket = bind_test(reach, port, error);
        if (error == EADDRINUSE) return PortState::busy;
        // Anything else (no such family, no such address) keeps nobody else from listening.
        if (error == EACCES || error == EPERM) denied = true;
    }
    return denied ? PortState::denied : PortState::free;
}

std::optional<SocketFuneral> SocketFuneral::attend() {
    Handle netlink(
        ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG));
    if (!netlink) return std::nullopt;
    sockaddr_nl self{};
    self.nl_family = AF_NETLINK;
    if (::bind(descriptor(netlink), reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0) {
        return std::nullopt;
    }
    for (const int group : {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY}) {
        if (::setsockopt(descriptor(netlink), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
                         sizeof group) < 0) {
            return std::nullopt;
        }
    }
    return SocketFuneral(std::move(netlink));
}

void SocketFuneral::drain() const noexcept {
    std::array<char, 8192> buffer{};
    // ENOBUFS says that notices were lost: as good a hint as any (netlink(7)).
    while (::recv(descriptor(handle_), buffer.data(), buffer.size(), 0) > 0 || errno == ENOBUFS) {
    }
}

}  // namespace once::os
