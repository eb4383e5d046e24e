#include "os/connection.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "os/linux/check.hpp"

namespace once::os {
namespace {

struct Address {
    sockaddr_storage any{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&any); }
};

// `fe80::1%eth0`: the number of that interface; 0 if there is none.
unsigned scope_of(const std::string& name) {
    return name.empty() ? 0 : if_nametoindex(name.c_str());
}

std::optional<Address> address_of(const std::string& text, Port port) {
    Address address;
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    if (::inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
        std::memcpy(&address.any, &four, address.size = sizeof four);
        return address;
    }
    const auto percent = std::min(text.find('%'), text.size());
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    if (::inet_pton(AF_INET6, text.substr(0, percent).c_str(), &six.sin6_addr) != 1) {
        return std::nullopt;
    }
    if (percent < text.size()) six.sin6_scope_id = scope_of(text.substr(percent + 1));
    std::memcpy(&address.any, &six, address.size = sizeof six);
    return address;
}

}  // namespace

Connection::Connection(const std::string& address, Port port) { connect(address, port); }

void Connection::connect(const std::string& address, Port port) {
    const auto there = address_of(address, port);
    if (!there) return fail_of(EADDRNOTAVAIL);
    const int family = there->any.ss_family;
    socket_ = Handle(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_) return fail_of(errno);
    // EINTR as well leaves it connecting (connect(2)).
    if (::connect(descriptor(socket_), there->get(), there->size) == 0) return advance();
    if (errno != EINPROGRESS && errno != EINTR) fail_of(errno);
}

void Connection::advance() {
    if (state_ != State::connecting) return;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(descriptor(socket_), SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
    if (error != 0) return fail_of(error);
    sockaddr_storage peer{};
    size = sizeof peer;
    if (::getpeername(descriptor(socket_), reinterpret_cast<sockaddr*>(&peer), &size) < 0) {
        if (errno != ENOTCONN) fail_of(errno);
        return;  // woken too early: still on its way
    }
    if (!leads_to_itself()) {
        state_ = State::connected;
        return;
    }
    // Reset, not closed: TIME_WAIT would keep the port from whoever wants to listen there.
    const linger reset{1, 0};
    (void)::setsockopt(descriptor(socket_), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    fail_of(ECONNREFUSED);
}

// Where nobody listens a socket can meet itself: the kernel chose as its own port the very one that
// it connects to (TCP's simultaneous open, RFC 9293 3.5).
bool Connection::leads_to_itself() const {
    sockaddr_storage self{};
    sockaddr_storage peer{};
    socklen_t self_size = sizeof self;
    socklen_t peer_size = sizeof peer;
    const int fd = descriptor(socket_);
    return ::getsockname(fd, reinterpret_cast<sockaddr*>(&self), &self_size) == 0 &&
           ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0 &&
           self_size == peer_size && std::memcmp(&self, &peer, self_size) == 0;
}

void Connection::fail_of(int error) {
    state_ = State::failed;
    why_ = reason(error);
    why_.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(why_.front())));
    socket_.close();
}

std::size_t Connection::write(std::string_view text) {
    if (state_ != State::connected) return 0;
    const auto put =
        retry([&] { return ::send(descriptor(socket_), text.data(), text.size(), MSG_NOSIGNAL); });
    if (put >= 0) return static_cast<std::size_t>(put);
    if (errno != EAGAIN && errno != EWOULDBLOCK) fail_of(errno);
    return 0;
}

std::optional<std::string> Connection::read(std::size_t most) {
    if (state_ != State::connected) return std::nullopt;
    std::string text(most, '\0');
    const auto got =
        retry([&] { return ::recv(descriptor(socket_), text.data(), text.size(), 0); });
    if (got < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK) fail_of(errno);
        return std::nullopt;
    }
    text.resize(static_cast<std::size_t>(got));
    return text;
}

}  // namespace once::os
