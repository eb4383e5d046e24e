// A launch, or a stop, that may end strangers: whom it ends, in which order, and whom never.

#include <csignal>

#include "catch.hpp"
#include "contenders.hpp"
#include "trees.hpp"

using namespace once::test;
using once::claim::Change;
using once::claim::Policy;
using once::claim::Slot;
using once::fake::world;
using namespace std::chrono_literals;

namespace {

using Signals = std::vector<std::pair<int, int>>;

constexpr once::os::Port other_port = port + 1;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

bool has_said(const Outcome& outcome, const std::string& part) {
    return std::any_of(outcome.said.begin(), outcome.said.end(),
                       [&](const auto& line) { return contains(line, part); });
}

void check_nothing_is_ours() {
    for (const auto& [name, holder] : world().locks) CHECK(holder != our_once);
}

// At this TERM these end, at our next wait.
struct Ends {
    int asked;
    std::vector<int> pids;
};
void end_at(const std::vector<Ends>& all) {
    world().on_signal = [all](int pid, int signal) {
        for (const auto& one : all) {
            if (pid != one.asked || signal != SIGTERM) continue;
            world().steps.emplace_back([one] {
                for (const int gone : one.pids) world().end(gone);
            });
        }
    };
}

// A lonely server on a port.
once::fake::Actor& put_server(int pid, once::os::Port on) {
    auto& server = put(pid, 1, "node server.js", pid);
    server.ports = {on};
    return server;
}

int signals_to(int pid, int number) {
    return static_cast<int>(
        std::count(world().signals.begin(), world().signals.end(), std::pair(pid, number)));
}

}  // namespace

TEST_CASE("a stranger's root is asked, and nobody else if it ends its job itself") {
    set_the_stage();
    put_npm_job();
    end_at({{310, {313, 312, 311, 310}}});
    const auto begin = world().now;
    const auto outcome = admit({.force = true});
    CHECK(outcome.admitted);
    CHECK(world().signals == Signals{{310, SIGTERM}, {310, SIGCONT}});
    CHECK(has_said(outcome, "ending 'npm run dev' (pid 310) in /app: pid 310 311 312 313"));
    CHECK(was_left_alone(their_terminal));
    // It was watched whether somebody would start it again.
    CHECK(world().now - begin >= 500ms);
    CHECK(world().now - begin < 2s);
}

TEST_CASE("what a root leaves behind is asked after it, and killed in the end") {
    set_the_stage();
    put_npm_job();
    end_at({{310, {310}}, {311, {311}}, {312, {312}}});
    const auto begin = world().now;
    CHECK(admit({.force = true}).admitted);
    REQUIRE(world().signals.size() > 2);
    CHECK(world().signals[0] == std::pair(310, SIGTERM));
    CHECK(world().signals[1] == std::pair(310, SIGCONT));
    for (const int pid : {311, 312, 313}) CHECK(signals_to(pid, SIGTERM) == 1);
    CHECK(signals_to(310, SIGTERM) == 1);
    CHECK(signals_to(311, SIGKILL) == 0);
    CHECK(signals_to(313, SIGKILL) == 1);
    CHECK_FALSE(world().lives(313));
    CHECK(world().now - begin >= 5s);
}

TEST_CASE("a root that does not answer is killed after its time, with all of its job") {
    set_the_stage();
    put_npm_job();
    const auto begin = world().now;
    CHECK(admit({.force = true}).admitted);
    for (const int pid : {310, 311, 312, 313}) CHECK_FALSE(world().lives(pid));
    CHECK(world().signals.front() == std::pair(310, SIGTERM));
    CHECK(world().now - begin >= 5s);
    CHECK(world().now - begin < 15s);
    CHECK(was_left_alone(their_terminal));
}

TEST_CASE("a root that ends late, while the rest is swept, does not keep us busy") {
    set_the_stage();
    put_npm_job();
    world().on_signal = [](int pid, int signal) {
        // The rest is asked when the root has had its time.
        if (pid == 313 && signal == SIGTERM) {
            world().steps.emplace_back([] { world().end(310); });
        }
    };
    CHECK(admit({.force = true}).admitted);
    for (const int pid : {310, 311, 312, 313}) CHECK_FALSE(world().lives(pid));
}

TEST_CASE("a root that ends of itself, at whatever moment, does not save the rest of its job") {
    bool is_in_time = true;
    for (int moment = 1; is_in_time; ++moment) {
        set_the_stage();
        put_npm_job();
        int calls = 0;
        world().on_call = [&] {
            if (++calls == moment) world().end(310);
        };
        const auto outcome = admit({.force = true});
        CAPTURE(moment, outcome.words);
        CHECK(outcome.admitted);
        for (const int pid : {310, 311, 312, 313}) CHECK_FALSE(world().lives(pid));
        CHECK(was_left_alone(their_terminal));
        is_in_time = calls >= moment;
        REQUIRE(moment < 1000);
    }
}

TEST_CASE("children that are started meanwhile are ended, too") {
    set_the_stage();
    put_npm_job();
    world().on_signal = [](int pid, int signal) {
        if (pid != 310 || signal != SIGTERM) return;
        world().steps.emplace_back([] {
            put(330, 313, "node late.js");
            put(500, 313, "firefox", 500);  // in a session of its own: no part of the job
            world().end(310);
        });
    };
    CHECK(admit({.force = true}).admitted);
    CHECK_FALSE(world().lives(330));
    CHECK(was_left_alone(500));
}

TEST_CASE("all strangers on a port are ended") {
    set_the_stage();
    put_npm_job();
    put_server(400, port);
    end_at({{310, {313, 312, 311, 310}}, {400, {400}}});
    const auto outcome = admit({.force = true});
    CHECK(outcome.admitted);
    CHECK(has_said(outcome, "pid 310 311 312 313"));
    CHECK(has_said(outcome, "(pid 400)"));
    CHECK(signals_to(310, SIGTERM) == 1);
    CHECK(signals_to(400, SIGTERM) == 1);
}

TEST_CASE("who is guarded is refused before anybody is signalled") {
    set_the_stage();
    put_server(400, port);
    put_server(410, port).environment = {{"pm_id", "0"}, {"name", "api"}};
    put_pm2(420);
    world().actors[410].facts.parent = 420;
    const auto outcome = admit({.force = true});
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "pm2 stop api"));
    CHECK(world().signals.empty());
    check_nothing_is_ours();
}

TEST_CASE("a holder is left alone if a guarded stranger has another of our ports") {
    set_the_stage();
    Other other;
    other.run();
    put_server(400, other_port).owner = 33;
    const auto outcome = admit({.force = true, .more_slots = {Slot::port(other_port)}});
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "port 8002"));
    CHECK(world().signals.empty());
    CHECK(was_left_alone(their_once));
    check_nothing_is_ours();
}

TEST_CASE("a stranger is left alone if a guarded one has another of our ports") {
    for (const bool is_first : {true, false}) {
        set_the_stage();
        put_server(400, is_first ? other_port : port);
        put_server(410, is_first ? port : other_port).owner = 33;
        const auto outcome = admit({.force = true, .more_slots = {Slot::port(other_port)}});
        CAPTURE(is_first);
        CHECK(outcome.status == 75);
        CHECK(contains(outcome.words, "pid 410"));
        CHECK(world().signals.empty());
        check_nothing_is_ours();
    }
}

TEST_CASE("a holder and a stranger, each on one of our ports, are both ended") {
    set_the_stage();
    Other other;
    other.run();
    put_server(400, other_port);
    world().on_signal = [&](int pid, int signal) {
        if (signal != SIGTERM) return;
        if (pid == their_once) world().steps.emplace_back([&] { other.leave(); });
        if (pid == 400) world().steps.emplace_back([] { world().end(400); });
    };
    const auto outcome = admit({.force = true, .more_slots = {Slot::port(other_port)}});
    CHECK(outcome.admitted);
    CHECK(signals_to(their_leader, SIGTERM) == 0);
    CHECK(has_said(outcome, "replaced 'pnpm dev' (pid 200)"));
}

TEST_CASE("one that is started again at once is not fought") {
    set_the_stage();
    put_server(400, port);
    end_at({{400, {400}}});
    auto end = world().on_signal;
    world().on_signal = [end](int pid, int signal) {
        end(pid, signal);
        if (signal != SIGTERM) return;
        world().steps.emplace_back([] {});
        world().steps.emplace_back([] { put_server(401, port); });
    };
    const auto outcome = admit({.force = true});
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "somebody has started it again"));
    CHECK(contains(outcome.words, "(pid 401)"));
    CHECK(was_left_alone(401));
    check_nothing_is_ours();
}

TEST_CASE("a signal that asks us to end while a stranger takes his time ends us") {
    set_the_stage();
    put_server(400, port);
    world().steps = {[] {}, [] { world().tell(once::os::Signal{SIGINT, false, our_shell}); }};
    const auto outcome = admit({.force = true});
    CHECK(outcome.status == once::Ending::killed(SIGINT).status());
    CHECK(signals_to(400, SIGKILL) == 0);
    check_nothing_is_ours();
}

TEST_CASE("with force a holder of another folder is replaced") {
    set_the_stage();
    Other other(500, "/elsewhere");
    other.run();
    world().on_signal = [&](int pid, int signal) {
        if (pid == their_once && signal == SIGTERM) {
            world().steps.emplace_back([&] { other.leave(); });
        }
    };
    const auto outcome = admit({.force = true});
    CHECK(outcome.admitted);
    CHECK_FALSE(outcome.were_two);
    CHECK(signals_to(their_leader, SIGTERM) == 0);
}

TEST_CASE("a job of once on a port that it has not claimed is ended through its once") {
    set_the_stage();
    Other other(500, "/elsewhere");
    other.run();
    world().actors[their_leader].ports = {port, other_port};
    world().on_signal = [&](int pid, int signal) {
        if (pid == their_once && signal == SIGTERM) {
            world().steps.emplace_back([&] { other.leave(); });
        }
    };
    const auto outcome = admit({.slot = Slot::port(other_port), .force = true});
    CHECK(outcome.admitted);
    CHECK(signals_to(their_once, SIGTERM) == 1);
    CHECK(signals_to(their_leader, SIGTERM) == 0);
    CHECK(has_said(outcome, "ending 'pnpm dev' (pid 200)"));
}

TEST_CASE("the job in which we run ourselves is not ended, whatever port it listens on") {
    set_the_stage();
    Other other;
    other.run();
    world().actors[our_shell].facts.parent = their_leader;
    world().actors[their_leader].ports = {port, other_port};
    const auto outcome = admit({.slot = Slot::port(other_port), .force = true});
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "this command descends from it"));
    CHECK(world().signals.empty());
}

TEST_CASE("of the job in which we run ourselves a part may be ended, but not its once") {
    set_the_stage();
    Other other;
    other.run();
    world().actors[our_shell].facts.parent = their_leader;
    put(400, their_leader, "node web.js", their_leader).ports = {other_port};
    end_at({{400, {400}}});
    CHECK(admit({.slot = Slot::port(other_port), .force = true}).admitted);
    CHECK(world().signals == Signals{{400, SIGTERM}, {400, SIGCONT}});
}

TEST_CASE("a stop asks a holder of another folder to end") {
    set_the_stage();
    Other other(500, "/elsewhere");
    other.run();
    world().on_signal = [&](int pid, int signal) {
        if (pid == their_once && signal == SIGTERM) {
            world().steps.emplace_back([&] { other.leave(); });
        }
    };
    const auto outcome = admit({.is_stop = true});
    CHECK(outcome.admitted);
    CHECK_FALSE(world().lives(their_once));
    CHECK(has_said(outcome, "stopped 'pnpm dev' (pid 200)"));
    check_nothing_is_ours();
}

TEST_CASE("a stop without force does not end a stranger, and tells of him") {
    set_the_stage();
    Other other;
    other.run();
    put_server(400, port);
    world().on_signal = [&](int pid, int signal) {
        if (pid == their_once && signal == SIGTERM) {
            world().steps.emplace_back([&] { other.leave(); });
        }
    };
    const auto outcome = admit({.is_stop = true});
    CHECK(outcome.status == 75);
    CHECK(was_left_alone(400));
    CHECK(contains(outcome.words, "port 8001 is held by 'node server.js' (pid 400)"));
    CHECK_FALSE(world().lives(their_once));
}

TEST_CASE("a stop with force ends a stranger") {
    set_the_stage();
    put_server(400, port);
    end_at({{400, {400}}});
    CHECK(admit({.force = true, .is_stop = true}).admitted);
    CHECK_FALSE(world().lives(400));
}

TEST_CASE("two starters that take the slot from each other are stopped by refusing one") {
    const auto now = 3600;  // the hour at which this world begins
    const auto us = ours().starter;
    const auto them = theirs().starter;
    const std::vector<Change> war{{us, now - 3}, {them, now - 2}, {us, now - 1}};
    const auto meet = [&](std::vector<Change> changes, const Wish& wish) {
        set_the_stage();
        auto record = theirs();
        record.changes = std::move(changes);
        Other other(record);
        other.run();
        world().on_signal = [&](int pid, int signal) {
            if (pid == their_once && signal == SIGTERM) {
                world().steps.emplace_back([&] { other.leave(); });
            }
        };
        return admit(wish);
    };

    SECTION("the fourth change is refused, to launches with force as well") {
        for (const bool force : {false, true}) {
            const auto outcome = meet(war, {.force = force});
            CHECK(outcome.status == 75);
            CHECK(contains(outcome.words, "take the slot from each other"));
            CHECK(was_left_alone(their_once));
            check_nothing_is_ours();
        }
    }
    SECTION("the third is not, and is told in our record") {
        const auto outcome = meet({war.begin() + 1, war.end()}, {});
        CHECK(outcome.admitted);
        REQUIRE(outcome.changes.size() == 3);
        CHECK(outcome.changes.back().from.id == them.id);
        CHECK(outcome.changes.back().when == now);
    }
    SECTION("a history that is a minute old counts no more") {
        auto old = war;
        for (auto& change : old) change.when -= 60;
        const auto outcome = meet(old, {});
        CHECK(outcome.admitted);
        CHECK(outcome.changes.size() == 1);
    }
    SECTION("a stop is no part of a war") { CHECK(meet(war, {.is_stop = true}).admitted); }
    SECTION("who only waits is not refused") {
        CHECK(meet(war, {.policy = Policy::wait, .patience = 1s}).status == 75);
        CHECK(was_left_alone(their_once));
    }
}
