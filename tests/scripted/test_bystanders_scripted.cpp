// Processes beside what is to be ended, near enough to be taken for a part of it: none is
// signalled.

#include <csignal>

#include "catch.hpp"
#include "claim/holdings.hpp"
#include "contenders.hpp"
#include "trees.hpp"

using namespace once::test;
using once::claim::Slot;
using once::claim::State;
using once::fake::world;

namespace {

constexpr once::os::Port other_port = port + 1;

// A tmux server that the other job has started, and in its pane a shell and a server.
void put_tmux() {
    put(500, their_keeper, "tmux new-session -d", 500);
    put(501, 500, "-bash", 501);
    auto& server = put(502, 501, "node server.js", 501);
    server.facts.group = 502;
    server.ports = {other_port};
    for (const int pid : {500, 501, 502}) {
        world().actors[pid].environment["ONCE_JOB"] = "their-job";
    }
}

// Its once and its keeper are killed, and its leader with them.
void crash_the_other() {
    for (const int pid : {their_once, their_keeper, their_leader}) world().end(pid);
    for (auto& [pid, actor] : world().actors) {
        if (actor.facts.parent == their_keeper) actor.facts.parent = 1;
    }
}

}  // namespace

TEST_CASE("what a job's deliberate daemon has started is ended alone, and not the job") {
    set_the_stage();
    Other other;
    other.run();
    put_tmux();
    CHECK(admit({.slot = Slot::port(other_port), .force = true}).admitted);
    CHECK_FALSE(world().lives(502));
    for (const int pid : {their_once, their_keeper, their_leader, 500, 501}) {
        CHECK(was_left_alone(pid));
    }
}

TEST_CASE("a daemon of a job that listens on the job's own port is a part of it") {
    set_the_stage();
    Other other;
    other.run();
    put_tmux();
    world().actors[their_leader].ports.clear();
    world().actors[502].ports = {port};
    const auto holdings = once::claim::read_holdings([](const std::string&) {});
    REQUIRE(holdings.size() == 1);
    CHECK(once::claim::holding_of(502, holdings) == &holdings.front());
}

TEST_CASE("who only inherited the mark of a job that lives is none of it") {
    set_the_stage();
    Other other;
    other.run();
    put(600, 1, "node from-at.js", 600).ports = {other_port};
    world().actors[600].environment["ONCE_JOB"] = "their-job";
    CHECK(admit({.slot = Slot::port(other_port), .force = true}).admitted);
    CHECK_FALSE(world().lives(600));
    CHECK(was_left_alone(their_once));
    CHECK(was_left_alone(their_leader));
}

TEST_CASE("a crashed job of which only a deliberate daemon is left has left nothing") {
    set_the_stage();
    Other other;
    other.run();
    put_tmux();
    crash_the_other();
    CHECK(once::claim::read_holdings([](const std::string&) {}).empty());
    CHECK(admit().admitted);
    for (const int pid : {500, 501, 502}) CHECK(was_left_alone(pid));
}

TEST_CASE("a launch does not sweep leftovers from which it descends itself") {
    set_the_stage();
    Other other;
    other.run();
    const int session = their_once / 2;
    put(600, their_keeper, "node rest.js", session);
    for (const int pid : {600, our_shell, our_once}) {
        world().actors[pid].environment["ONCE_JOB"] = "their-job";
        world().actors[pid].facts.session = session;
    }
    crash_the_other();
    CHECK(admit().admitted);
    CHECK_FALSE(world().lives(600));
    CHECK(was_left_alone(our_shell));
    CHECK(was_left_alone(our_once));
}

TEST_CASE("a script that has gone on to its next command is no part of what had the port") {
    set_the_stage();
    Other other;
    other.run();
    world().actors[their_leader].ports = {port, other_port};  // ended first, and waited for
    put(their_terminal, 1, "-bash");
    put(310, their_terminal, "sh -c serve-for-a-while; deploy");
    put(311, 310, "node server.js").ports = {other_port};
    world().on_signal = [&](int pid, int signal) {
        if (pid != their_once || signal != SIGTERM) return;
        world().steps.emplace_back([&] {
            other.leave();
            world().end(311);
            put(312, 310, "deploy");
        });
    };
    CHECK(admit({.slot = Slot::port(other_port), .force = true}).admitted);
    CHECK_FALSE(world().lives(their_once));
    CHECK(was_left_alone(310));
    CHECK(was_left_alone(312));
}

TEST_CASE("who has got the number of a process group that has ended is none of those who were in") {
    set_the_stage();
    put(their_terminal, 1, "-bash");
    put(310, their_terminal, "node server.js").ports = {port};
    world().actors[310].facts.group = 310;
    world().on_signal = [](int pid, int signal) {
        if (pid != 310 || signal != SIGTERM || world().actors[310].facts.id.started != 310) return;
        world().steps.emplace_back([] {
            world().end(310);
            auto& next = put(310, their_terminal, "vim notes");
            next.facts.id.started = 9000;
            next.facts.group = 310;
        });
    };
    CHECK(admit({.force = true}).admitted);
    CHECK(was_left_alone(310));
}
