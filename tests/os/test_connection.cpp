#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "catch.hpp"
#include "child.hpp"
#include "os/connection.hpp"
#include "os/events.hpp"
#include "real_sockets.hpp"

using namespace once::test;
using once::Clock;
using Caught = once::os::Catch;
using once::os::Connection;
using once::os::Events;
using once::os::When;
using State = Connection::State;
using namespace std::chrono_literals;

namespace {

constexpr int token = 5;

// Until it is connected, or has failed.
void settle(Events& events, Connection& connection) {
    while (connection.state() == State::connecting) {
        events.watch(connection.handle(), token, When::writable);
        must(std::holds_alternative<once::os::Ready>(events.next(Clock::now() + 20s)));
        events.forget(connection.handle());
        connection.advance();
    }
}

std::string read_some(Events& events, Connection& connection) {
    events.watch(connection.handle(), token);
    std::optional<std::string> text;
    while (!text && connection.state() == State::connected) {
        must(std::holds_alternative<once::os::Ready>(events.next(Clock::now() + 20s)));
        text = connection.read(100);
    }
    if (connection.state() == State::connected) events.forget(connection.handle());
    return text.value_or("failed");
}

// With one port to choose from the kernel takes the very one that is connected to.
constexpr once::os::Port only_port = 40'000;
bool is_alone_on_a_network_of_one_port() {
    if (unshare(CLONE_NEWNET) != 0) return false;
    put_text("/proc/sys/net/ipv4/ip_local_port_range", "40000 40000");
    const once::os::Handle socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq loopback{};
    std::memcpy(&loopback.ifr_name, "lo", 3);
    loopback.ifr_flags = IFF_UP;
    return ioctl(static_cast<int>(socket.raw()), SIOCSIFFLAGS, &loopback) == 0;
}

void check_story(const Child::Story& story) {
    Child actor(story);
    CHECK(actor.reap() == once::Ending::exited(0));
}

}  // namespace

TEST_CASE("a connection is accepted by whoever listens, and not by a port that nobody has") {
    check_story([](Line&) {
        Events events(Caught::usual);
        auto server = listener("127.0.0.1");
        const auto port = port_of(server);
        Connection connection("127.0.0.1", port);
        settle(events, connection);
        must(connection.state() == State::connected);
        server.close();
        Connection refused("127.0.0.1", port);
        settle(events, refused);
        must(refused.state() == State::failed);
        must(refused.why() == "connection refused");
        return 0;
    });
}

TEST_CASE("a connection goes over IPv6 as well") {
    if (!has_v6()) return;
    check_story([](Line&) {
        Events events(Caught::usual);
        const auto server = listener("::1");
        Connection connection("::1", port_of(server));
        settle(events, connection);
        must(connection.state() == State::connected);
        return 0;
    });
}

TEST_CASE("a connection carries text both ways, and tells its end") {
    check_story([](Line&) {
        Events events(Caught::usual);
        const auto server = listener("127.0.0.1");
        Connection connection("127.0.0.1", port_of(server));
        settle(events, connection);
        auto other = accepted(server);
        must(!connection.read(100));
        must(connection.write("hello") == 5);
        std::array<char, 10> buffer{};
        must(::read(static_cast<int>(other.raw()), buffer.data(), buffer.size()) == 5);
        must(::write(static_cast<int>(other.raw()), "world", 5) == 5);
        must(read_some(events, connection) == "world");
        other.close();
        must(read_some(events, connection).empty());
        return 0;
    });
}

TEST_CASE("a connection whose other side is gone fails, without a SIGPIPE") {
    check_story([](Line&) {
        Events events(Caught::usual);
        const auto server = listener("127.0.0.1");
        Connection connection("127.0.0.1", port_of(server));
        settle(events, connection);
        auto other = accepted(server);
        must(connection.write("hello") == 5);
        other.close();  // with something unread: it is reset
        must(read_some(events, connection) == "failed");
        must(connection.state() == State::failed);
        must(!connection.why().empty());
        must(connection.write("more") == 0);
        must(std::holds_alternative<once::os::TimeUp>(events.next(Clock::now())));
        return 0;
    });
}

TEST_CASE("a connection does not block when the other side does not read") {
    check_story([](Line&) {
        Events events(Caught::usual);
        const auto server = listener("127.0.0.1");
        Connection connection("127.0.0.1", port_of(server));
        settle(events, connection);
        const std::string much(1 << 20, 'x');
        while (connection.write(much) > 0) {
        }
        must(connection.state() == State::connected);
        events.watch(connection.handle(), token, When::writable);
        must(std::holds_alternative<once::os::TimeUp>(events.next(Clock::now())));
        return 0;
    });
}

TEST_CASE("a connection that meets itself where nobody listens is none") {
    check_story([](Line&) {
        if (!is_alone_on_a_network_of_one_port()) return 0;  // not for everybody: no proof then
        Events events(Caught::usual);
        for (int times = 0; times < 2; ++times) {  // the first one leaves nothing in the way
            Connection connection("127.0.0.1", only_port);
            settle(events, connection);
            must(connection.state() == State::failed);
            must(connection.why() == "connection refused");
        }
        return 0;
    });
}

TEST_CASE("what is no numeric address leads nowhere") {
    check_story([](Line&) {
        for (const char* text : {"", "localhost", "1.2.3", "::1%no-such-interface", "::x"}) {
            const Connection connection(text, 80);
            must(connection.state() == State::failed || text[0] == ':');
        }
        return 0;
    });
}
