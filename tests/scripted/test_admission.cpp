// What a launch meets on the way to its slot, in every order that matters.

#include <csignal>

#include "catch.hpp"
#include "claim/traces.hpp"
#include "contenders.hpp"

using namespace once::test;
using once::claim::Policy;
using once::fake::world;
using namespace std::chrono_literals;

namespace {

const auto slot = once::claim::Slot::port(port);
const std::string lock_name = once::claim::lock_file(slot, ours());
const std::string record_name = once::claim::record_file(slot, ours());
const std::string next_name = once::claim::successor_file(slot, ours());

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

void check_nothing_is_ours() {
    for (const auto& [name, holder] : world().locks) CHECK(holder != our_once);
    CHECK_FALSE(contains(world().files[next_name], "our-job"));
}

}  // namespace

TEST_CASE("a free slot is taken at once, and given back as it was found") {
    set_the_stage();
    const auto outcome = admit();
    CHECK(outcome.admitted);
    CHECK(outcome.said.empty());
    check_nothing_is_ours();
    CHECK(world().files[lock_name] == "\n");
}

TEST_CASE("a holder from our folder is asked to end, and its place is taken when it has") {
    set_the_stage();
    Other other;
    other.run();
    bool was_asked = false;
    world().on_signal = [&](int pid, int signal) {
        was_asked = was_asked || (pid == their_once && signal == SIGTERM);
        CHECK(pid != their_leader);
        if (was_asked) world().steps.emplace_back([&] { other.leave(); });
    };
    const auto outcome = admit();
    CHECK(was_asked);
    CHECK(outcome.admitted);
    CHECK_FALSE(outcome.were_two);
    REQUIRE(outcome.said.size() == 1);
    CHECK(contains(outcome.said[0], "replaced 'pnpm dev' (pid 200)"));
    check_nothing_is_ours();
}

TEST_CASE("a holder that does not answer is ended from outside, once first") {
    set_the_stage();
    Other other;
    other.run();
    const auto begin = world().now;
    world().on_signal = [](int, int) {};
    const auto outcome = admit();
    CHECK(outcome.admitted);
    // Twice its stop timeout, and something for a busy machine, before each step.
    CHECK(world().now - begin >= 10s);
    CHECK_FALSE(world().lives(their_once));
    CHECK_FALSE(world().lives(their_keeper));
}

TEST_CASE("a keeper that stays for whom nobody can end is left alone, and so is its slot") {
    for (const bool is_asleep : {false, true}) {
        set_the_stage();
        Other other;
        other.run();
        auto& stuck = world().add(777, their_keeper, "sudo");
        if (is_asleep) {
            stuck.facts.state = 'D';
        } else {
            stuck.owner = 0;
        }
        // It says so, and goes; its keeper stays.
        world().on_signal = [](int pid, int signal) {
            if (pid == their_once && signal == SIGTERM) world().end(their_once);
        };
        const auto outcome = admit();
        CHECK(outcome.status == 75);
        CHECK(contains(outcome.words, "cannot be ended"));
        CHECK(contains(outcome.words, "(pid 777)"));
        CHECK(world().lives(their_keeper));
        CHECK(world().lives(777));
        check_nothing_is_ours();
    }
}

TEST_CASE("under --refuse the holder is left alone, and told of") {
    set_the_stage();
    Other other;
    other.run();
    const auto outcome = admit({.policy = Policy::refuse});
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "port 8001 is held by 'pnpm dev' (pid 200) in /app"));
    CHECK(was_left_alone(their_once));
    check_nothing_is_ours();
}

TEST_CASE("a holder from another folder is left alone, and told of") {
    set_the_stage();
    Other other(500, "/elsewhere");
    other.run();
    const auto outcome = admit();
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "another folder"));
    CHECK(was_left_alone(their_once));
}

TEST_CASE("an older launch gives way to a holder that began later, with 75") {
    set_the_stage();
    Other other(2000);
    other.run();
    const auto outcome = admit();
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "gave way to a newer launch"));
    CHECK(was_left_alone(their_once));
    check_nothing_is_ours();
}

TEST_CASE("an older launch gives way to a newer one that only waits for the slot") {
    set_the_stage();
    const Other other(2000);
    other.start();
    other.announce();
    const auto outcome = admit();
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "gave way to a newer launch"));
}

TEST_CASE("a newer launch does not wait for an older one that waits for the slot") {
    set_the_stage();
    const Other other(500);
    other.start();
    other.announce();
    CHECK(admit().admitted);
}

TEST_CASE("a newer one that announced itself and died is no obstacle") {
    set_the_stage();
    const Other other(2000);
    other.start();
    other.announce();
    other.die();
    CHECK(admit().admitted);
}

TEST_CASE("a healthy holder is reused, and not asked anything") {
    set_the_stage();
    Other other;
    other.run();
    const auto outcome = admit({.policy = Policy::reuse});
    CHECK(outcome.reused);
    CHECK(was_left_alone(their_once));
    check_nothing_is_ours();
}

TEST_CASE("a holder on its way up is waited for under --reuse, until it is healthy") {
    set_the_stage();
    Other other;
    other.start();
    (void)other.take();
    world().steps = {[] {}, [&] { other.record(); }, [] {}, [] {}, [&] { other.listen(); }};
    const auto outcome = admit({.policy = Policy::reuse});
    CHECK(outcome.reused);
    REQUIRE(outcome.said.size() == 1);
    CHECK(contains(outcome.said[0], "waiting for port 8001"));
}

TEST_CASE("under --wait the slot is taken when its holder is gone") {
    set_the_stage();
    Other other;
    other.run();
    world().steps = {[] {}, [] {}, [&] { other.leave(); }};
    const auto outcome = admit({.policy = Policy::wait});
    CHECK(outcome.admitted);
    CHECK_FALSE(outcome.were_two);
    REQUIRE(outcome.said.size() == 1);
    CHECK(contains(outcome.said[0], "waiting for port 8001, held by 'pnpm dev' (pid 200)"));
}

TEST_CASE("a wait is over at its deadline, with 75") {
    set_the_stage();
    Other other;
    other.run();
    const auto begin = world().now;
    const auto outcome = admit({.policy = Policy::wait, .patience = 3s});
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "port 8001 is still held by 'pnpm dev' (pid 200)"));
    CHECK(world().now - begin == 3s);
    CHECK(was_left_alone(their_once));
}

TEST_CASE("a wait for a stranger's port is over at its deadline, too") {
    set_the_stage();
    world().add(300, 1, "nginx").ports = {port};
    const auto begin = world().now;
    const auto outcome = admit({.policy = Policy::wait, .patience = 3s});
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "nginx"));
    CHECK(world().now - begin == 3s);
}

TEST_CASE("a stranger on the port is never ended, and told of at once") {
    set_the_stage();
    world().add(300, 1, "nginx").ports = {port};
    const auto begin = world().now;
    const auto outcome = admit();
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "port 8001 is held by 'nginx' (pid 300)"));
    CHECK(was_left_alone(300));
    CHECK(world().now == begin);
    check_nothing_is_ours();
}

TEST_CASE("a lock of which nothing is known is waited for a moment only") {
    set_the_stage();
    world().add(300, 1, "mystery");
    REQUIRE(world().lock(lock_name, 300));
    const auto begin = world().now;
    const auto outcome = admit();
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "lslocks"));
    CHECK(world().now - begin >= 2s);
    CHECK(world().now - begin < 4s);
    CHECK(was_left_alone(300));
}

TEST_CASE("a lock of which nothing is known is waited for as long as --wait says") {
    set_the_stage();
    world().add(300, 1, "mystery");
    REQUIRE(world().lock(lock_name, 300));
    for (int i = 0; i < 100; ++i) world().steps.emplace_back([] {});
    world().steps.emplace_back([] { world().end(300); });
    CHECK(admit({.policy = Policy::wait}).admitted);
}

TEST_CASE("a damaged record is told of, and treated as absent") {
    for (const std::string text : {"", "{", "{\"schema\":99}", "\xff\xfe"}) {
        set_the_stage();
        world().files[record_name] = text;
        const auto outcome = admit();
        CHECK(outcome.admitted);
        REQUIRE(outcome.said.size() == 1);
        CHECK(contains(outcome.said[0], record_name));
        CHECK(contains(outcome.said[0], "ignored"));
    }
}

TEST_CASE("whoever a record names is not ended if he does not have the lock") {
    set_the_stage();
    const Other other;
    // A record can say anything: here that a process of ours holds the slot, which another one
    // does.
    world().add(300, 1, "mystery");
    REQUIRE(world().lock(lock_name, 300));
    world().add(their_once, their_shell, "vim");
    world().files[record_name] = to_text(theirs());
    CHECK(admit().status == 75);
    CHECK(was_left_alone(their_once));
}

TEST_CASE("what a crashed job left is swept before its slot is used again") {
    set_the_stage();
    Other other;
    other.run();
    world().end(their_once);
    world().end(their_keeper);
    world().actors[their_leader].facts.parent = 1;
    world().actors[their_leader].facts.session = their_once / 2;
    world().on_signal = [](int pid, int signal) {
        if (pid == their_leader && signal == SIGTERM) {
            world().steps.emplace_back([] { world().end(their_leader); });
        }
    };
    const auto outcome = admit();
    CHECK(outcome.admitted);
    CHECK_FALSE(world().lives(their_leader));
    REQUIRE(outcome.said.size() == 1);
    CHECK(contains(outcome.said[0], "that a crashed 'pnpm dev' left behind: pid 202"));
    CHECK_FALSE(contains(world().files[record_name], "their-job"));
}

TEST_CASE("leftovers that ignore the request are killed after their stop timeout") {
    set_the_stage();
    Other other;
    other.run();
    world().end(their_once);
    world().end(their_keeper);
    world().actors[their_leader].facts.session = their_once / 2;
    const auto begin = world().now;
    CHECK(admit().admitted);
    CHECK_FALSE(world().lives(their_leader));
    CHECK(world().now - begin >= 5s);
    CHECK(world().now - begin < 8s);
}

TEST_CASE("leftovers of another folder are not ours to sweep") {
    set_the_stage();
    Other other(500, "/elsewhere");
    other.run();
    world().end(their_once);
    world().end(their_keeper);
    world().actors[their_leader].facts.session = their_once / 2;
    const auto outcome = admit();
    CHECK(outcome.status == 75);
    CHECK(contains(outcome.words, "kill 202"));
    CHECK(world().lives(their_leader));
    CHECK(contains(world().files[record_name], "their-job"));
}

TEST_CASE("below a holder we run under its lease") {
    set_the_stage();
    Other other;
    other.run();
    world().actors[our_shell].facts.parent = their_leader;
    const auto outcome = admit();
    CHECK(outcome.admitted);
    CHECK(was_left_alone(their_once));
    CHECK(world().locks.at(lock_name) == their_once);
}
