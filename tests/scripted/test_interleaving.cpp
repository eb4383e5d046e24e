// Two launches at once. The other one goes through its life in every order and at every moment of
// ours: before we begin, and at each of our waits.

#include <csignal>
#include <functional>

#include "catch.hpp"
#include "contenders.hpp"

using namespace once::test;
using once::Ending;
using once::claim::Policy;
using once::fake::world;
using namespace std::chrono_literals;

namespace {

enum class Step { announce, take, record, die, leave };
using Life = std::vector<Step>;

void act(Other& other, Step step) {
    switch (step) {
        case Step::announce:
            return other.announce();
        case Step::take:
            return (void)other.take();
        case Step::record:
            return other.record();
        case Step::die:
            return other.die();
        case Step::leave:
            return other.leave();
    }
}

// Its lives: through all the steps, and cut short by a death or a good end after each of them.
std::vector<Life> lives() {
    const Life whole{Step::announce, Step::take, Step::record};
    std::vector<Life> all{{Step::take, Step::record}, {Step::take, Step::announce, Step::record}};
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        const Life part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        all.push_back(part);
        for (const auto end : {Step::die, Step::leave}) {
            all.push_back(part);
            all.back().push_back(end);
        }
    }
    return all;
}

struct Meeting {
    std::uint64_t begun;  // theirs; ours is 1000
    Policy policy = Policy::replace;
    Life life;
    std::size_t before_us = 0;  // steps that it has made when we begin
};

// Plays it, and gives both time to end. `check` sees how it went.
void play(const Meeting& meeting, const std::function<void(const Outcome&)>& check) {
    set_the_stage();
    Other other(meeting.begun);
    other.start();
    for (std::size_t i = 0; i < meeting.life.size(); ++i) {
        if (i < meeting.before_us) {
            act(other, meeting.life[i]);
        } else {
            world().steps.emplace_back([&other, step = meeting.life[i]] { act(other, step); });
        }
    }
    bool asked = false;
    world().on_signal = [&](int pid, int signal) {
        if (pid != their_once || signal != SIGTERM || std::exchange(asked, true)) return;
        world().steps.emplace_front([&] { other.leave(); });
    };
    const auto outcome = admit({.policy = meeting.policy, .patience = 60s});
    CAPTURE(meeting.begun, static_cast<int>(meeting.policy), meeting.before_us, meeting.life.size(),
            outcome.words);
    CHECK_FALSE(outcome.were_two);
    CHECK((outcome.admitted || outcome.reused || outcome.status == 75));
    for (const auto& [name, holder] : world().locks) CHECK(holder != our_once);
    if (meeting.begun > 1000) CHECK_FALSE(asked);  // a newer one is never ended
    check(outcome);
}

void play_all(std::uint64_t begun, Policy policy,
              const std::function<void(const Meeting&, const Outcome&)>& check) {
    for (const auto& life : lives()) {
        for (std::size_t before = 0; before <= life.size(); ++before) {
            const Meeting meeting{begun, policy, life, before};
            play(meeting, [&](const Outcome& outcome) { check(meeting, outcome); });
        }
    }
}

}  // namespace

TEST_CASE("newest wins: against an older launch we get the slot, whatever it does and when") {
    play_all(500, Policy::replace, [](const Meeting&, const Outcome& outcome) {
        CHECK(outcome.admitted);
        CHECK(outcome.status == 0);
    });
}

TEST_CASE("to a newer launch we give way as soon as we see it, and never end it") {
    play_all(2000, Policy::replace, [](const Meeting& meeting, const Outcome& outcome) {
        const bool is_there = meeting.before_us > 0 && world().lives(their_once);
        if (is_there) CHECK(outcome.status == 75);
        if (outcome.status == 75) CHECK(outcome.words.find("gave way") != std::string::npos);
    });
}

TEST_CASE("under --wait nobody is ended, and the slot is ours when it is free") {
    for (const std::uint64_t begun : {500U, 2000U}) {
        play_all(begun, Policy::wait, [](const Meeting&, const Outcome& outcome) {
            // It lives on and has it, or we get it.
            CHECK(outcome.admitted != (outcome.status == 75));
            if (outcome.status == 75) CHECK(world().lives(their_once));
        });
    }
}

TEST_CASE("under --refuse we are admitted to a free slot only") {
    for (const std::uint64_t begun : {500U, 2000U}) {
        play_all(begun, Policy::refuse, [](const Meeting& meeting, const Outcome& outcome) {
            const bool is_free = meeting.before_us == 0;
            if (is_free) CHECK(outcome.admitted);
        });
    }
}

TEST_CASE("a contender that dies leaves the slot takeable, wherever it dies") {
    for (const std::uint64_t begun : {500U, 2000U}) {
        for (const auto& life : lives()) {
            if (life.empty() || life.back() != Step::die) continue;
            play({begun, Policy::replace, life, life.size()},
                 [](const Outcome& outcome) { CHECK(outcome.admitted); });
        }
    }
}

TEST_CASE("a gate that somebody has is waited for, and then all is as he left it") {
    set_the_stage();
    Other other;
    other.start();
    REQUIRE(world().lock("admission", their_once));
    world().steps = {[] {}, [&] { (void)other.take(); },
                     [&] {
                         other.record();
                         world().locks.erase("admission");
                     }};
    const auto outcome = admit({.policy = Policy::refuse});
    CHECK(outcome.status == 75);
    CHECK(outcome.words.find("(pid 200)") != std::string::npos);
}

TEST_CASE("a signal that asks us to end while we wait ends us by the same signal") {
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
        set_the_stage();
        Other other;
        other.run();
        world().steps = {[] {}, [&] { world().tell(once::os::Signal{signal, false, 7}); }};
        const auto outcome = admit({.policy = Policy::wait});
        CHECK(outcome.status == Ending::killed(signal).status());
        CHECK(outcome.words.empty());
        CHECK(world().lives(their_once));
        CHECK(world().locks.size() == 1);
    }
}

TEST_CASE("a signal that does not ask us to end is no reason to") {
    set_the_stage();
    Other other;
    other.run();
    world().steps = {[&] {
                         world().tell(once::os::Signal{SIGUSR1, false, 7});
                     },
                     [&] { other.leave(); }};
    CHECK(admit({.policy = Policy::wait}).admitted);
}

TEST_CASE("a TERM from a newer launch, while we settle, is giving way") {
    set_the_stage();
    // We have the lease and wait for the port, which an ended job has not quite let go.
    world().add(300, 1, "nginx").ports = {port};
    const Other other(2000);
    world().steps = {[&] {
        other.start();
        other.announce();
        world().tell(once::os::Signal{SIGTERM, false, their_once});
    }};
    const auto outcome = admit({.policy = Policy::wait});
    CHECK(outcome.status == 75);
    CHECK(outcome.words.find("gave way to a newer launch") != std::string::npos);
    CHECK(world().locks.empty());
}

TEST_CASE("a TERM from outside, while we settle, is the end of us") {
    set_the_stage();
    world().add(300, 1, "nginx").ports = {port};
    world().steps = {[] { world().tell(once::os::Signal{SIGTERM, false, our_shell}); }};
    const auto outcome = admit({.policy = Policy::wait});
    CHECK(outcome.status == Ending::killed(SIGTERM).status());
    CHECK(world().locks.empty());
}

TEST_CASE("when the process ends that we shall end with, the wait is over") {
    set_the_stage();
    Other other;
    other.run();
    world().steps = {[] {}, [] { world().end(our_shell); }};
    const auto outcome = admit({.policy = Policy::wait, .with_parent = true});
    CHECK(outcome.status == 125);
    CHECK(outcome.words.find("nothing was started") != std::string::npos);
    CHECK(was_left_alone(their_once));
}

namespace {

// Killed a moment ago: it listens still, and nobody can be named for its socket any more.
void put_dying_listener() {
    world().add(300, 1, "node").facts.is_exiting = true;
    world().share(port, {});
    world().sockets.begin()->second.is_unseen = true;
}

void bury_dying_listener() {
    world().end(300);
    world().sockets.clear();
}

}  // namespace

TEST_CASE("a listener of the holder's that is dying is no stranger: the newest is not refused") {
    set_the_stage();
    Other other;
    other.run();
    put_dying_listener();
    world().steps = {bury_dying_listener, [&] { other.leave(); }};
    CHECK(admit().admitted);
}

TEST_CASE("a listener of a crashed job that is dying is waited for") {
    set_the_stage();
    Other other;
    other.run();
    other.die();
    put_dying_listener();
    world().steps = {bury_dying_listener};
    CHECK(admit({.policy = Policy::refuse}).admitted);
}

TEST_CASE("a listener that nobody can be named for is refused when nobody is dying") {
    set_the_stage();
    put_dying_listener();
    world().actors[300].facts.is_exiting = false;
    CHECK(admit().status == 75);
}
