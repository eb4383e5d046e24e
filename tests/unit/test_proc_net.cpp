#include <string>

#include "catch.hpp"
#include "os/linux/proc_net.hpp"

using once::os::parse_proc_net;
using once::os::SocketUse;

namespace {

const std::string head =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n";
const std::string tail = " 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0\n";

}  // namespace

TEST_CASE("a listener on IPv4 is read from /proc/net/tcp") {
    const auto found = parse_proc_net(head + "   0: 0100007F:1F41 00000000:0000 0A" + tail, false);
    REQUIRE(found.size() == 1);
    CHECK(found[0].use == SocketUse::listening);
    CHECK(found[0].port == 8001);
    CHECK(found[0].address == "127.0.0.1");
    CHECK(found[0].owner == 1000);
    CHECK(found[0].inode == 4711);
}

TEST_CASE("a listener on IPv6 is read from /proc/net/tcp6") {
    const auto found = parse_proc_net(
        head +
            "   0: 00000000000000000000000001000000:1F41 00000000000000000000000000000000:0000 0A" +
            tail +
            "   1: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A" +
            tail,
        true);
    REQUIRE(found.size() == 2);
    CHECK(found[0].address == "::1");
    CHECK(found[0].port == 8001);
    CHECK(found[1].address == "::");
    CHECK(found[1].port == 80);
}

TEST_CASE("a connection is told from a listener, and from one that lingers") {
    const auto found = parse_proc_net("   0: 0100007F:1F41 0200007F:C001 01" + tail +
                                          "   1: 0100007F:1F41 0200007F:C002 06" + tail +
                                          "   2: 0100007F:1F41 0200007F:C003 08" + tail,
                                      false);
    REQUIRE(found.size() == 3);
    CHECK(found[0].use == SocketUse::connected);
    CHECK(found[0].peer_address == "127.0.0.2");
    CHECK(found[0].peer_port == 0xc001);
    CHECK(found[1].use == SocketUse::lingering);
    CHECK(found[2].use == SocketUse::connected);
}

TEST_CASE("lines that make no sense are passed over, and those around them read") {
    const std::string good = "   0: 0100007F:1F41 00000000:0000 0A" + tail;
    for (const std::string junk :
         {"\n", "   \n", "hello\n", "0: \n", "0: 0100007F 00000000:0000 0A\n", "0: 0100007F:1F41\n",
          "0: 0100007F:1F41 00000000:0000\n", "0: 0100007F:1F41 00000000:0000 0A\n",
          "0: 0100007F:1F4 00000000:0000 0A 0 0 0 0 0 1\n",
          "0: XX00007F:1F41 00000000:0000 0A 0 0 0 0 0 1\n",
          "0: 0100007F:ZZZZ 00000000:0000 0A 0 0 0 0 0 1\n",
          "0: 0100007F:1F41 00000000:0000 0A 0 0 0 -1 0 1\n",
          "0: 0100007F:1F41 00000000:0000 0A 0 0 0 0 0 99999999999999999999999\n",
          "0: 00000000000000000000000001000000:1F41 00000000000000000000000000000000:0000 0A 0 0 0 "
          "0 0 1\n"}) {
        CAPTURE(junk);
        CHECK(parse_proc_net(junk + good + junk, false).size() == 1);
    }
}

TEST_CASE("a file that was cut anywhere is read as far as it goes") {
    const std::string text = head + "   0: 0100007F:1F41 00000000:0000 0A" + tail;
    for (std::size_t length = 0; length <= text.size(); ++length) {
        for (const auto& socket : parse_proc_net(std::string_view(text).substr(0, length), false)) {
            CHECK(socket.port == 8001);
        }
    }
    CHECK(parse_proc_net("", false).empty());
    CHECK(parse_proc_net(std::string(100'000, '\xff'), true).empty());
    CHECK(parse_proc_net(std::string(1000, '\0'), true).empty());
}
