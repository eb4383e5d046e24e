#include <csignal>
#include <vector>

#include "catch.hpp"
#include "job/relay.hpp"

namespace once::os {

bool operator==(const Order& one, const Order& other) {
    return one.kind == other.kind && one.signal == other.signal && one.scope == other.scope;
}

}  // namespace once::os

using once::TimePoint;
using once::job::Relay;
using once::job::Sender;
using once::os::Order;
using once::os::Scope;
using Orders = std::vector<Order>;
using namespace std::chrono_literals;

namespace {

const TimePoint now{100s};

const Order stop{Order::Kind::stop, 0, Scope::leader};
const Order start_clock{Order::Kind::clock, 0, Scope::leader};
const Order nudge{Order::Kind::nudge, 0, Scope::leader};
const Order kill_all{Order::Kind::kill, 0, Scope::leader};

Order to_leader(int signal) { return {Order::Kind::forward, signal, Scope::leader}; }
Order to_group(int signal) { return {Order::Kind::forward, signal, Scope::group}; }

// What becomes of a signal that somebody outside sent to us alone.
Orders forwarded(Relay& relay, int signal, TimePoint at = now) {
    CHECK(relay.on_signal(signal, Sender::outside, at).empty());
    REQUIRE(relay.deadline() == at + 50ms);
    return relay.on_time(at + 50ms);
}
Orders forwarded(Relay&& relay, int signal) { return forwarded(relay, signal); }

// What becomes of one that went to the whole group, the keeper in it: ours first, or the keeper's.
Orders shared_by_all(int signal, bool ours_first) {
    Relay relay(false);
    Orders orders;
    if (ours_first) {
        CHECK(relay.on_signal(signal, Sender::outside, now).empty());
        orders = relay.on_seen(signal, now + 1ms);
    } else {
        CHECK(relay.on_seen(signal, now).empty());
        orders = relay.on_signal(signal, Sender::outside, now + 1ms);
    }
    // It is settled: nothing is held, nothing comes later.
    CHECK_FALSE(relay.deadline());
    CHECK(relay.on_time(now + 1h).empty());
    return orders;
}

}  // namespace

TEST_CASE("a Ctrl-C at the terminal is not forwarded, and starts no clock") {
    Relay relay(false);
    CHECK(relay.on_signal(SIGINT, Sender::terminal, now).empty());
    CHECK_FALSE(relay.deadline());
}

TEST_CASE("the third Ctrl-C kills") {
    Relay relay(false);
    CHECK(relay.on_signal(SIGINT, Sender::terminal, now).empty());
    CHECK(relay.on_signal(SIGINT, Sender::terminal, now + 1h).empty());
    CHECK(relay.on_signal(SIGINT, Sender::terminal, now + 2h) == Orders{kill_all});
    CHECK(relay.on_signal(SIGINT, Sender::terminal, now + 3h) == Orders{kill_all});
}

TEST_CASE("an INT from outside is no Ctrl-C that counts") {
    Relay relay(false);
    relay.on_signal(SIGINT, Sender::terminal, now);
    for (int i = 1; i < 4; ++i) forwarded(relay, SIGINT, now + i * 10s);
    CHECK(relay.on_signal(SIGINT, Sender::terminal, now + 60s).empty());
}

TEST_CASE("a QUIT or a TERM from the kernel is not forwarded, and starts the clock") {
    for (const int signal : {SIGQUIT, SIGTERM}) {
        CAPTURE(signal);
        CHECK(Relay(false).on_signal(signal, Sender::terminal, now) == Orders{start_clock});
    }
}

TEST_CASE("a hang-up of the terminal is not forwarded; it nudges, since nodemon only restarts") {
    CHECK(Relay(false).on_signal(SIGHUP, Sender::terminal, now) == Orders{nudge});
}

TEST_CASE("a WINCH of the terminal has reached the job already") {
    CHECK(Relay(false).on_signal(SIGWINCH, Sender::terminal, now).empty());
}

TEST_CASE("what was sent to once alone is held for 50 ms, and then forwarded") {
    Relay relay(false);
    CHECK(relay.on_signal(SIGUSR1, Sender::outside, now).empty());
    CHECK(relay.deadline() == now + 50ms);
    CHECK(relay.on_time(now + 49ms).empty());
    CHECK(relay.deadline() == now + 50ms);
    CHECK(relay.on_time(now + 50ms) == Orders{to_leader(SIGUSR1)});
    CHECK_FALSE(relay.deadline());
    CHECK(relay.on_time(now + 100ms).empty());
}

TEST_CASE("a TERM to once alone is the request to stop, carried out as the stop plan says") {
    CHECK(forwarded(Relay(false), SIGTERM) == Orders{stop});
    CHECK(forwarded(Relay(true), SIGTERM) == Orders{stop});
}

TEST_CASE("an INT or a QUIT to once alone is forwarded, and starts the clock") {
    for (const int signal : {SIGINT, SIGQUIT}) {
        CAPTURE(signal);
        CHECK(forwarded(Relay(false), signal) == Orders{to_leader(signal), start_clock});
        // A shell that waits for its child ignores an INT that only it gets.
        CHECK(forwarded(Relay(true), signal) == Orders{to_group(signal), start_clock});
    }
}

TEST_CASE("a HUP to once alone is forwarded, and the job is asked properly later") {
    CHECK(forwarded(Relay(false), SIGHUP) == Orders{to_leader(SIGHUP), nudge});
    CHECK(forwarded(Relay(true), SIGHUP) == Orders{to_group(SIGHUP), nudge});
}

TEST_CASE("every other signal to once alone goes to the leader only, and starts no clock") {
    // To the whole group a USR1 kills shells and opens node's inspector.
    for (const int signal : {SIGUSR1, SIGUSR2, SIGWINCH, SIGRTMIN, SIGRTMAX, 64}) {
        CAPTURE(signal);
        CHECK(forwarded(Relay(false), signal) == Orders{to_leader(signal)});
        CHECK(forwarded(Relay(true), signal) == Orders{to_leader(signal)});
    }
}

TEST_CASE("what the whole group got is not forwarded, whoever sees it first") {
    for (const bool ours_first : {true, false}) {
        CAPTURE(ours_first);
        for (const int signal : {SIGTERM, SIGINT, SIGQUIT}) {
            CHECK(shared_by_all(signal, ours_first) == Orders{start_clock});
        }
        CHECK(shared_by_all(SIGHUP, ours_first) == Orders{nudge});
        CHECK(shared_by_all(SIGUSR1, ours_first).empty());
        CHECK(shared_by_all(SIGRTMIN, ours_first).empty());
    }
}

TEST_CASE("what the keeper alone saw long ago is no reason to keep a signal back") {
    Relay relay(false);
    CHECK(relay.on_seen(SIGTERM, now).empty());
    CHECK(relay.on_signal(SIGTERM, Sender::outside, now + 50ms).empty());
    CHECK(relay.on_time(now + 100ms) == Orders{stop});
}

TEST_CASE("what the keeper saw settles one signal, not the next of its kind") {
    Relay relay(false);
    relay.on_seen(SIGTERM, now);
    CHECK(relay.on_signal(SIGTERM, Sender::outside, now + 1ms) == Orders{start_clock});
    CHECK(relay.on_signal(SIGTERM, Sender::outside, now + 2ms).empty());
    CHECK(relay.on_time(now + 52ms) == Orders{stop});
}

TEST_CASE("what the keeper saw does not settle a signal of another kind") {
    Relay relay(false);
    relay.on_seen(SIGHUP, now);
    CHECK(relay.on_signal(SIGTERM, Sender::outside, now + 1ms).empty());
    CHECK(relay.on_time(now + 51ms) == Orders{stop});
}

TEST_CASE("several signals are held at once, each until its own time") {
    Relay relay(false);
    relay.on_signal(SIGUSR1, Sender::outside, now);
    relay.on_signal(SIGUSR2, Sender::outside, now + 20ms);
    CHECK(relay.deadline() == now + 50ms);
    CHECK(relay.on_time(now + 50ms) == Orders{to_leader(SIGUSR1)});
    CHECK(relay.deadline() == now + 70ms);
    CHECK(relay.on_time(now + 70ms) == Orders{to_leader(SIGUSR2)});
}

TEST_CASE("what a descendant sent to us alone is not sent back, but a TERM is a request to end") {
    for (const bool own_group : {false, true}) {
        const auto answer = [&](int signal) {
            Relay relay(own_group);
            CHECK(relay.on_signal(signal, Sender::descendant, now).empty());
            return relay.on_time(now + 50ms);
        };
        CHECK(answer(SIGTERM) == Orders{stop});
        for (const int signal : {SIGINT, SIGQUIT, SIGHUP}) CHECK(answer(signal) == Orders{nudge});
        CHECK(answer(SIGUSR1).empty());
    }
}

TEST_CASE("what a descendant sent to the whole group only starts the clock") {
    for (const int signal : {SIGTERM, SIGINT, SIGQUIT}) {
        Relay relay(false);
        CHECK(relay.on_signal(signal, Sender::descendant, now).empty());
        CHECK(relay.on_seen(signal, now + 1ms) == Orders{start_clock});
    }
}

TEST_CASE("a successor is obeyed at once") {
    CHECK(Relay(false).on_signal(SIGTERM, Sender::successor, now) == Orders{stop});
    CHECK(Relay(true).on_signal(SIGTERM, Sender::successor, now) == Orders{stop});
}

TEST_CASE("the INT that npm or pnpm relay within a second of the terminal's is dropped") {
    Relay relay(false);
    relay.on_signal(SIGINT, Sender::terminal, now);
    CHECK(relay.on_signal(SIGINT, Sender::outside, now + 1ms).empty());
    CHECK(relay.on_signal(SIGINT, Sender::outside, now + 999ms).empty());
    CHECK_FALSE(relay.deadline());
    CHECK(relay.on_time(now + 1h).empty());
}

TEST_CASE("an INT a second after the terminal's is somebody's own") {
    Relay relay(false);
    relay.on_signal(SIGINT, Sender::terminal, now);
    CHECK(forwarded(relay, SIGINT, now + 1s) == Orders{to_leader(SIGINT), start_clock});
}

TEST_CASE("only an INT is dropped as relayed: a TERM after a Ctrl-C is a TERM") {
    Relay relay(false);
    relay.on_signal(SIGINT, Sender::terminal, now);
    CHECK(forwarded(relay, SIGTERM, now + 1ms) == Orders{stop});
}

TEST_CASE("some signals are never forwarded, whoever sends them") {
    for (const int signal : {SIGCHLD, SIGPIPE, SIGALRM}) {
        for (const auto sender : {Sender::terminal, Sender::descendant, Sender::outside}) {
            for (const bool own_group : {false, true}) {
                CAPTURE(signal, static_cast<int>(sender), own_group);
                Relay relay(own_group);
                CHECK(relay.on_signal(signal, sender, now).empty());
                CHECK_FALSE(relay.deadline());
                CHECK(relay.on_time(now + 1h).empty());
            }
        }
    }
}

TEST_CASE("a limit that once has run into itself is none of the job's") {
    for (const int signal : {SIGXFSZ, SIGXCPU}) {
        for (const bool own_group : {false, true}) {
            Relay relay(own_group);
            CHECK(relay.on_signal(signal, Sender::terminal, now).empty());
            CHECK_FALSE(relay.deadline());
        }
        CHECK(forwarded(Relay(false), signal) == Orders{to_leader(signal)});
    }
}

TEST_CASE("what the terminal sends does not reach a group of its own, so it is forwarded at once") {
    Relay relay(true);
    CHECK(relay.on_signal(SIGQUIT, Sender::terminal, now) ==
          Orders{to_group(SIGQUIT), start_clock});
    CHECK(relay.on_signal(SIGHUP, Sender::terminal, now) == Orders{to_group(SIGHUP), nudge});
    CHECK(relay.on_signal(SIGWINCH, Sender::terminal, now) == Orders{to_leader(SIGWINCH)});
}

TEST_CASE("a Ctrl-C that is forwarded to a group of its own starts no clock either") {
    // A server may drain; the third one kills.
    Relay relay(true);
    CHECK(relay.on_signal(SIGINT, Sender::terminal, now) == Orders{to_group(SIGINT)});
    CHECK(relay.on_signal(SIGINT, Sender::terminal, now + 5s) == Orders{to_group(SIGINT)});
    CHECK(relay.on_signal(SIGINT, Sender::terminal, now + 9s) == Orders{kill_all});
}

TEST_CASE("of real-time signals each is settled by one that the keeper saw, in any order") {
    const int signal = SIGRTMIN + 6;
    Relay relay(false);
    for (int times = 0; times < 3; ++times) CHECK(relay.on_seen(signal, now).empty());
    for (int times = 0; times < 5; ++times) {
        CHECK(relay.on_signal(signal, Sender::outside, now + 1ms).empty());
    }
    for (int times = 0; times < 2; ++times) CHECK(relay.on_seen(signal, now + 2ms).empty());
    CHECK_FALSE(relay.deadline());
}

TEST_CASE("of other signals several that the keeper saw may be one here") {
    Relay relay(false);
    relay.on_seen(SIGUSR1, now);
    relay.on_seen(SIGUSR1, now);
    CHECK(relay.on_signal(SIGUSR1, Sender::outside, now + 1ms).empty());
    CHECK_FALSE(relay.deadline());
    CHECK(relay.on_signal(SIGUSR1, Sender::outside, now + 2ms).empty());
    CHECK(relay.on_time(now + 52ms) == Orders{to_leader(SIGUSR1)});
}
