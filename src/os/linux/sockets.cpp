#include "os/sockets.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
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
#include "os/process.hpp"

namespace once::os {
namespace {

// linux/tcp_states.h does not go to user space: bound but neither listening nor connected. Kernels
// before 6.8 do not know it and show nothing for it.
constexpr unsigned bound_inactive = 13;
constexpr unsigned mask_of(unsigned state) { return 1U << state; }

// sock_diag(7): the request, and a filter program behind it that lets one local port through.
struct Request {
    nlmsghdr header;
    inet_diag_req_v2 body;
    nlattr attribute;
    std::array<inet_diag_bc_op, 4> program;
};

// The program is `sport >= port && sport <= port`; an operation is followed by an operand that
// holds the port in `no`. A jump behind the end means no, exactly to the end means yes.
std::array<inet_diag_bc_op, 4> only_port(Port port) {
    constexpr auto size = static_cast<unsigned char>(sizeof(inet_diag_bc_op));
    const inet_diag_bc_op operand{0, 0, port};
    return {{{INET_DIAG_BC_S_GE, 2 * size, 4 * size + 4},
             operand,
             {INET_DIAG_BC_S_LE, 2 * size, 2 * size + 4},
             operand}};
}

SocketUse use_of(unsigned state) {
    if (state == TCP_LISTEN) return SocketUse::listening;
    if (state == TCP_TIME_WAIT) return SocketUse::lingering;
    // A bound socket is shown as closed.
    if (state == TCP_CLOSE || state == bound_inactive) return SocketUse::bound;
    return SocketUse::connected;
}

std::string address_text(int family, const void* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    return ::inet_ntop(family, address, text.data(), text.size()) != nullptr ? text.data() : "?";
}

Socket to_socket(const inet_diag_msg& message) {
    const int family = message.idiag_family;
    return {use_of(message.idiag_state),
            ntohs(message.id.idiag_sport),
            address_text(family, message.id.idiag_src),
            ntohs(message.id.idiag_dport),
            address_text(family, message.id.idiag_dst),
            message.idiag_uid,
            message.idiag_inode};
}

// Appends what one answer datagram holds. Returns 0 to read on, 1 when the list is complete, and a
// negative errno.
int read_answer(const char* data, std::size_t length, std::vector<Socket>& found) {
    while (length >= sizeof(nlmsghdr)) {
        nlmsghdr header{};
        std::memcpy(&header, data, sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > length) return -EBADMSG;
        if (header.nlmsg_type == NLMSG_DONE) return 1;
        if (header.nlmsg_type == NLMSG_ERROR) {
            nlmsgerr error{};
            if (header.nlmsg_len < NLMSG_LENGTH(sizeof error)) return -EBADMSG;
            std::memcpy(&error, data + NLMSG_HDRLEN, sizeof error);
            return error.error;
        }
        inet_diag_msg message{};
        if (header.nlmsg_len >= NLMSG_LENGTH(sizeof message)) {
            std::memcpy(&message, data + NLMSG_HDRLEN, sizeof message);
            found.push_back(to_socket(message));
        }
        const auto step = std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), length);
        data += step;
        length -= step;
    }
    return 0;
}

// Asks the kernel for the TCP sockets of one family. False where it cannot be asked.
bool dump(int family, unsigned states, std::optional<Port> port, std::vector<Socket>& found) {
    const Handle netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!netlink) return false;
    Request request{};
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_len = sizeof request;
    request.body.sdiag_family = static_cast<unsigned char>(family);
    request.body.sdiag_protocol = IPPROTO_TCP;
    request.body.idiag_states = states;
    if (port) {
        request.attribute.nla_type = INET_DIAG_REQ_BYTECODE;
        request.attribute.nla_len = sizeof request.attribute + sizeof request.program;
        request.program = only_port(*port);
    } else {
        request.header.nlmsg_len = offsetof(Request, attribute);
    }
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    const auto* to = reinterpret_cast<const sockaddr*>(&kernel);
    if (::sendto(descriptor(netlink), &request, request.header.nlmsg_len, 0, to, sizeof kernel) <
        0) {
        return false;
    }
    std::array<char, 32768> buffer{};
    while (true) {
        const auto got =
            retry([&] { return ::recv(descriptor(netlink), buffer.data(), buffer.size(), 0); });
        if (got <= 0) return false;
        const int verdict = read_answer(buffer.data(), static_cast<std::size_t>(got), found);
        if (verdict != 0) return verdict == 1;
    }
}

// Both families; from /proc/net where sock_diag is missing (gVisor, some containers).
std::vector<Socket> look_up(unsigned states, std::optional<Port> port) {
    std::vector<Socket> found;
    if (!dump(AF_INET, states, port, found)) {
        found = read_proc_net(port);
    } else {
        // Without IPv6 in the kernel there is nothing more to find.
        (void)dump(AF_INET6, states, port, found);
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
    auto found = look_up(mask_of(TCP_LISTEN), port);
    std::erase_if(found, [](const Socket& socket) { return socket.use != SocketUse::listening; });
    return found;
}

std::vector<Socket> other_users(Port port) {
    auto found = look_up(~mask_of(TCP_LISTEN), port);
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
