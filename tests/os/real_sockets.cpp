#include "real_sockets.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>
#include <string_view>

#include "catch.hpp"

namespace once::test {
namespace {

int number(const os::Handle& socket) { return static_cast<int>(socket.raw()); }

struct Address {
    sockaddr_storage any{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&any); }
};

bool is_v6(const char* text) { return std::string_view(text).find(':') != std::string_view::npos; }

Address address_of(const char* text, os::Port port) {
    Address address;
    if (is_v6(text)) {
        sockaddr_in6 six{};
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(port);
        REQUIRE(inet_pton(AF_INET6, text, &six.sin6_addr) == 1);
        std::memcpy(&address.any, &six, address.size = sizeof six);
    } else {
        sockaddr_in four{};
        four.sin_family = AF_INET;
        four.sin_port = htons(port);
        REQUIRE(inet_pton(AF_INET, text, &four.sin_addr) == 1);
        std::memcpy(&address.any, &four, address.size = sizeof four);
    }
    return address;
}

}  // namespace

os::Handle bound_socket(const char* address, os::Port port, bool only_v6) {
    const int family = is_v6(address) ? AF_INET6 : AF_INET;
    os::Handle socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(socket);
    const int on = 1;
    (void)setsockopt(number(socket), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const int only = only_v6 ? 1 : 0;
    if (is_v6(address)) {
        (void)setsockopt(number(socket), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    }
    const auto where = address_of(address, port);
    REQUIRE(bind(number(socket), where.get(), where.size) == 0);
    return socket;
}

os::Handle listener(const char* address, os::Port port, bool only_v6) {
    auto socket = bound_socket(address, port, only_v6);
    REQUIRE(listen(number(socket), 8) == 0);
    return socket;
}

os::Handle connection(os::Port to) {
    os::Handle socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(socket);
    const auto where = address_of("127.0.0.1", to);
    REQUIRE(connect(number(socket), where.get(), where.size) == 0);
    return socket;
}

os::Handle accepted(const os::Handle& listener) {
    os::Handle socket(accept4(number(listener), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(socket);
    return socket;
}

os::Port port_of(const os::Handle& socket) {
    sockaddr_storage any{};
    socklen_t size = sizeof any;
    REQUIRE(getsockname(number(socket), reinterpret_cast<sockaddr*>(&any), &size) == 0);
    sockaddr_in6 six{};
    sockaddr_in four{};
    std::memcpy(&six, &any, sizeof six);
    std::memcpy(&four, &any, sizeof four);
    return ntohs(any.ss_family == AF_INET6 ? six.sin6_port : four.sin_port);
}

std::uint64_t inode_of(const os::Handle& socket) {
    struct stat facts {};
    REQUIRE(fstat(number(socket), &facts) == 0);
    return facts.st_ino;
}

bool has_v6() {
    const os::Handle socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return false;
    const auto where = address_of("::1", 0);
    return bind(number(socket), where.get(), where.size) == 0;
}

}  // namespace once::test
