#include <algorithm>
#include <set>

#include "base/log_files.hpp"
#include "catch.hpp"
#include "claim/slot.hpp"
#include "claim/traces.hpp"

using once::claim::is_valid_name;
using once::claim::Slot;

TEST_CASE("a port's files carry the network namespace that the port belongs to") {
    CHECK(Slot::port(8001).file_name(7) == "port-8001.7");
    CHECK(Slot::port(8001).file_name(7) != Slot::port(8001).file_name(8));
    CHECK(Slot::port(8001).number() == 8001);
    CHECK(Slot::port(8001).text() == "port 8001");
}

TEST_CASE("a name is the same in every network namespace") {
    CHECK(Slot::name("api").file_name(7) == Slot::name("api").file_name(8));
    CHECK(Slot::name("api").text() == "name 'api'");
    CHECK(Slot::name("api").number() == 0);
}

TEST_CASE("with neither port nor name the slot is the folder with the command line") {
    const auto slot = Slot::folder("/app", {"pnpm", "dev"});
    CHECK(slot == Slot::folder("/app", {"pnpm", "dev"}));
    CHECK(slot.number() == 0);
    CHECK(slot.file_name(7) == slot.file_name(8));
    CHECK_FALSE(slot.text().empty());
}

TEST_CASE("two command lines are one slot only if they are the same word by word") {
    const std::vector<Slot> slots{
        Slot::folder("/app", {"pnpm", "dev"}),    Slot::folder("/app2", {"pnpm", "dev"}),
        Slot::folder("/app", {"pnpm dev"}),       Slot::folder("/app", {"pnpm", "dev", ""}),
        Slot::folder("/app", {"pnpmdev"}),        Slot::folder("/app", {"dev", "pnpm"}),
        Slot::folder("/apppnpm", {"dev"}),        Slot::folder("/app", {"", "pnpm", "dev"}),
        Slot::folder("/app", {"pnpm", "dev\xff"})};
    std::set<std::string> files;
    for (const auto& slot : slots) files.insert(slot.file_name(1));
    CHECK(files.size() == slots.size());
}

TEST_CASE("a slot's file names are plain, and those of two slots differ") {
    const std::vector<Slot> slots{Slot::port(1), Slot::port(65535), Slot::name("1"),
                                  Slot::name("port-1.0"), Slot::folder("/", {"a/b\n"})};
    std::set<std::string> files;
    for (const auto& slot : slots) {
        const auto file = slot.file_name(0);
        CHECK(files.insert(file).second);
        CHECK(file.find('/') == std::string::npos);
        CHECK(file != "admission");
    }
}

TEST_CASE("ports are taken in ascending order, by everybody") {
    std::vector<Slot> slots{Slot::name("b"), Slot::port(9000), Slot::port(80), Slot::name("a")};
    auto others = slots;
    std::reverse(others.begin(), others.end());
    std::sort(slots.begin(), slots.end());
    std::sort(others.begin(), others.end());
    CHECK(slots == others);
    const auto first = std::find(slots.begin(), slots.end(), Slot::port(80));
    const auto second = std::find(slots.begin(), slots.end(), Slot::port(9000));
    CHECK(first < second);
}

TEST_CASE("a name has 1 to 64 of the characters A-Z a-z 0-9 . _ -") {
    for (const auto& name : {std::string("a"), std::string("API_2.web-x"), std::string(64, 'z'),
                             std::string("8001")}) {
        CHECK(is_valid_name(name));
    }
    for (const auto& name : {std::string(), std::string(65, 'z'), std::string("a b"),
                             std::string("a/b"), std::string("../x"), std::string("a:b"),
                             std::string("ä"), std::string("a\n"), std::string("a\0b", 3)}) {
        CAPTURE(name);
        CHECK_FALSE(is_valid_name(name));
    }
}

TEST_CASE("a slot is known by its file's name again") {
    for (const auto& slot :
         {Slot::port(1), Slot::port(8001), Slot::port(65535), Slot::name("api"), Slot::name("1"),
          Slot::name("port-1.0"), Slot::name("a.lock"), Slot::name(std::string(64, 'z')),
          Slot::folder("/app", {"pnpm", "dev"}), Slot::folder("/", {})}) {
        for (const std::uint64_t space : {0ULL, 7ULL, 4026531840ULL, ~0ULL}) {
            const auto file = slot.file_name(space);
            CAPTURE(file);
            CHECK(Slot::parse_file_name(file) == slot);
        }
    }
}

TEST_CASE("a name that no slot's file has is none") {
    for (const std::string file : {"",
                                   "port-",
                                   "port-.",
                                   "port-8001",
                                   "port-8001.",
                                   "port-8001.x",
                                   "port-8001.7x",
                                   "port-8001.-7",
                                   "port-0.7",
                                   "port-65536.7",
                                   "port--1.7",
                                   "port-+1.7",
                                   "port-08001.7",
                                   "port- 8001.7",
                                   "port-8001.07",
                                   "port-8001.18446744073709551616",
                                   "Port-8001.7",
                                   "8001.7",
                                   "name-",
                                   "name-a b",
                                   "name-a/b",
                                   "names-a",
                                   "name",
                                   "folder-",
                                   "folder-x",
                                   "folder-0123456789ABCDEF0123456789abcdef",
                                   "folder-0123456789abcdef0123456789abcde",
                                   "folder-0123456789abcdef0123456789abcdef0",
                                   "folder-../x",
                                   "admission",
                                   "x"}) {
        CAPTURE(file);
        CHECK_FALSE(Slot::parse_file_name(file));
    }
    CHECK_FALSE(Slot::parse_file_name("name-" + std::string(65, 'z')));
}

TEST_CASE("the rotated log of one slot is never the log of another") {
    once::claim::Record self;
    self.network_namespace = 7;
    const auto log = [&](const Slot& slot) { return once::claim::log_file(slot, self); };
    CHECK(log(Slot::port(8001)) == "port-8001.7.log");
    CHECK(log(Slot::name("api")) == "name-api.log");
    CHECK(log(Slot::name("v1.x")) == "name-v1.x.log");
    CHECK(log(Slot::name("2")) == "name-2.log");
    std::set<std::string> files;
    for (const auto* name : {"x", "x.1", "x.1.1", "x.2", "x.1-", ".1", "1", "x."}) {
        const auto file = log(Slot::name(name));
        for (std::size_t times = 0; times < 3; ++times) {
            CHECK(files.insert(once::rotated_path(file, times)).second);
        }
    }
}
