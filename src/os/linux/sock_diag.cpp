#include "os/linux/sock_diag.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "os/linux/check.hpp"

namespace once::os {
namespace {

// linux/tcp_states.h does not go to user space: bound but neither listening nor connected. Kernels
// before 6.8 do not know it and show nothing for it.
constexpr unsigned bound_inactive = 13;

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

}  // namespace

bool dump_sockets(int family, unsigned states, std::optional<Port> port,
                  std::vector<Socket>& found) {
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
        const int verdict = read_answer({buffer.data(), static_cast<std::size_t>(got)}, found);
        if (verdict != 0) return verdict == 1;
    }
}

int read_answer(std::string_view answer, std::vector<Socket>& found) {
    while (answer.size() >= sizeof(nlmsghdr)) {
        nlmsghdr header{};
        std::memcpy(&header, answer.data(), sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > answer.size()) return -EBADMSG;
        if (header.nlmsg_type == NLMSG_DONE) return 1;
        if (header.nlmsg_type == NLMSG_ERROR) {
            nlmsgerr error{};
            if (header.nlmsg_len < NLMSG_LENGTH(sizeof error)) return -EBADMSG;
            std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof error);
            return error.error;
        }
        inet_diag_msg message{};
        if (header.nlmsg_len >= NLMSG_LENGTH(sizeof message)) {
            std::memcpy(&message, answer.data() + NLMSG_HDRLEN, sizeof message);
            found.push_back(to_socket(message));
        }
        answer.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), answer.size()));
    }
    return 0;
}

}  // namespace once::os
