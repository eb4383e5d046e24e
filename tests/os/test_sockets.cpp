#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>

#include "catch.hpp"
#include "child.hpp"
#include "kernel.hpp"
#include "os/linux/proc_net.hpp"
#include "os/sockets.hpp"
#include "real_sockets.hpp"
#include "waiting.hpp"

using namespace once::test;
namespace os = once::os;
using os::PortState;
using os::SocketUse;

namespace {

std::set<std::string> addresses_of(const std::vector<os::Socket>& sockets) {
    std::set<std::string> all;
    for (const auto& socket : sockets) all.insert(socket.address);
    return all;
}

std::vector<SocketUse> uses_of(const std::vector<os::Socket>& sockets) {
    std::vector<SocketUse> all;
    for (const auto& socket : sockets) all.push_back(socket.use);
    return all;
}

}  // namespace

TEST_CASE("a listener on IPv4 is seen, with its owner and its inode") {
    const auto server = listener("127.0.0.1");
    const auto found = os::listeners(port_of(server));
    REQUIRE(found.size() == 1);
    CHECK(found[0].use == SocketUse::listening);
    CHECK(found[0].port == port_of(server));
    CHECK(found[0].address == "127.0.0.1");
    CHECK(found[0].owner == geteuid());
    CHECK(found[0].inode == inode_of(server));
    CHECK(os::probe(port_of(server)) == PortState::busy);
}

TEST_CASE("every listener on a port is seen, on any address of either family") {
    if (!has_v6()) return;
    const auto one = listener("127.0.0.1");
    const auto port = port_of(one);
    const auto two = listener("127.0.0.2", port);
    const auto three = listener("::1", port);
    CHECK(addresses_of(os::listeners(port)) ==
          std::set<std::string>{"127.0.0.1", "127.0.0.2", "::1"});
}

TEST_CASE("a listener on every address is seen, of one family or of both") {
    const auto four = listener("0.0.0.0");
    CHECK(addresses_of(os::listeners(port_of(four))) == std::set<std::string>{"0.0.0.0"});
    CHECK(os::probe(port_of(four)) == PortState::busy);
    if (!has_v6()) return;
    for (const bool only_v6 : {true, false}) {
        const auto six = listener("::", 0, only_v6);
        CHECK(addresses_of(os::listeners(port_of(six))) == std::set<std::string>{"::"});
        CHECK(os::probe(port_of(six)) == PortState::busy);
    }
}

TEST_CASE("a listener on one address only makes the port busy") {
    const auto two = listener("127.0.0.2");
    CHECK(os::probe(port_of(two)) == PortState::busy);
    if (!has_v6()) return;
    const auto six = listener("::1");
    CHECK(os::probe(port_of(six)) == PortState::busy);
}

TEST_CASE("asked for every port, all listeners are told") {
    const auto one = listener("127.0.0.1");
    const auto two = listener("127.0.0.1");
    std::set<os::Port> ports;
    for (const auto& socket : os::listeners(std::nullopt)) ports.insert(socket.port);
    CHECK(ports.contains(port_of(one)));
    CHECK(ports.contains(port_of(two)));
}

TEST_CASE("a port that nobody uses is free, before the probe and after it") {
    os::Port port = 0;
    { port = port_of(listener("127.0.0.1")); }
    for (int i = 0; i < 3; ++i) CHECK(os::probe(port) == PortState::free);
    CHECK(os::listeners(port).empty());
    CHECK(os::other_users(port).empty());
}

TEST_CASE("a socket that is bound but does not listen is no listener, and is named") {
    const auto bound = bound_socket("127.0.0.1");
    const auto port = port_of(bound);
    CHECK(os::listeners(port).empty());
    if (!tells_of_bound_sockets()) {
        WARN("skipped: this kernel does not tell of sockets that are bound only");
        return;
    }
    const auto others = os::other_users(port);
    REQUIRE(others.size() == 1);
    CHECK(others[0].use == SocketUse::bound);
    CHECK(others[0].inode == inode_of(bound));
}

TEST_CASE("who is connected to a server, or from its port, is no listener") {
    const auto server = listener("127.0.0.1");
    const auto client = connection(port_of(server));
    const auto there = accepted(server);
    const auto from = port_of(client);
    CHECK(os::listeners(from).empty());
    const auto others = os::other_users(from);
    REQUIRE(others.size() == 1);
    CHECK(others[0].use == SocketUse::connected);
    CHECK(others[0].peer_port == port_of(server));
    CHECK(others[0].peer_address == "127.0.0.1");
    CHECK(os::probe(from) == PortState::busy);
    CHECK(os::listeners(port_of(server)).size() == 1);
}

TEST_CASE("connections in TIME_WAIT are no obstacle") {
    auto server = listener("127.0.0.1");
    const auto port = port_of(server);
    {
        auto client = connection(port);
        auto there = accepted(server);
        there.close();  // who closes first keeps the memory
        char byte = 0;
        CHECK(::read(static_cast<int>(client.raw()), &byte, 1) == 0);
    }
    server.close();
    CHECK(os::listeners(port).empty());
    eventually(
        [&] {
            return uses_of(os::other_users(port)) == std::vector<SocketUse>{SocketUse::lingering};
        },
        "the connection lingers");
    CHECK(os::other_users(port).front().inode == 0);
    CHECK(os::probe(port) == PortState::free);
}

TEST_CASE("the listeners in /proc/net are the same that the kernel's own list has") {
    const auto server = listener("127.0.0.1");
    const auto port = port_of(server);
    const auto read = os::read_proc_net(port);
    REQUIRE(read.size() == 1);
    const auto asked = os::listeners(port).at(0);
    CHECK(read[0].use == asked.use);
    CHECK(read[0].address == asked.address);
    CHECK(read[0].owner == asked.owner);
    CHECK(read[0].inode == asked.inode);
}

TEST_CASE("all who share a listening socket are its owners") {
    const auto server = listener("127.0.0.1");
    Child sharer([](Line& parent) { return parent.listen(); });
    const auto inode = inode_of(server);
    const auto owners = os::find_owners({inode});
    CHECK(owners.found.size() == 2);
    for (const int pid : {getpid(), sharer.pid()}) {
        CHECK(std::count_if(owners.found.begin(), owners.found.end(), [&](const auto& owner) {
                  return owner.pid == pid && owner.inode == inode;
              }) == 1);
    }
    const auto among = os::find_owners({inode}, std::vector<int>{sharer.pid()});
    REQUIRE(among.found.size() == 1);
    CHECK(among.found[0].pid == sharer.pid());
    CHECK(os::find_owners({inode}, std::vector<int>{}).found.empty());
}

TEST_CASE("a process that is gone, or a zombie, owns nothing and hides nothing") {
    const auto server = listener("127.0.0.1");
    Child ended([](Line&) { return 0; });
    ended.wait_for_end();
    const auto owners = os::find_owners({inode_of(server)}, std::vector<int>{ended.pid()});
    CHECK(owners.found.empty());
    CHECK(owners.unreadable.empty());
}

TEST_CASE("the sockets of a process are those that it has open, and only sockets") {
    const auto server = listener("127.0.0.1");
    const auto mine = os::sockets_of(getpid());
    REQUIRE(mine);
    CHECK(std::count(mine->begin(), mine->end(), inode_of(server)) == 1);
    CHECK(std::count(mine->begin(), mine->end(), 0U) == 0);
}

TEST_CASE("a socket's end is told by the kernel to whoever attends") {
    const auto funeral = os::SocketFuneral::attend();
    if (!funeral) return;  // not every kernel tells
    pollfd news{static_cast<int>(funeral->handle().raw()), POLLIN, 0};
    funeral->drain();
    CHECK(poll(&news, 1, 0) == 0);
    { const auto server = listener("127.0.0.1"); }
    CHECK(poll(&news, 1, 20'000) == 1);
    funeral->drain();
    CHECK(poll(&news, 1, 0) == 0);
}

TEST_CASE("a socket's end is told when the last who shares it has gone") {
    const auto funeral = os::SocketFuneral::attend();
    if (!funeral) return;
    os::Port port = 0;
    Child sharer([](Line& parent) {
        const auto server = listener("127.0.0.1");
        parent.tell(port_of(server));
        return parent.listen();
    });
    port = static_cast<os::Port>(sharer.line().listen());
    funeral->drain();
    CHECK(os::probe(port) == PortState::busy);
    sharer.signal(SIGKILL);
    pollfd news{static_cast<int>(funeral->handle().raw()), POLLIN, 0};
    CHECK(poll(&news, 1, 20'000) == 1);
    eventually([&] { return os::probe(port) == PortState::free; }, "the port is free");
}
