#include <csignal>
#include <vector>

#include "catch.hpp"
#include "job/lifecycle.hpp"

using once::TimePoint;
using once::job::Lifecycle;
using once::job::StopPlan;
using Phase = Lifecycle::Phase;
using Event = Lifecycle::Event;
using Action = Lifecycle::Action;
using namespace std::chrono_literals;

namespace {

const TimePoint start{100s};
const TimePoint later = start + 2s;
const StopPlan plan{SIGINT, 5s};

constexpr Action nothing{};
constexpr Action ask_leader{.ask_leader = true};
constexpr Action ask_deaf{.ask_deaf = true};
constexpr Action ask_rest{.ask_rest = true};
constexpr Action kill_all{.kill_all = true};

// A life that came to this phase at `start`.
Lifecycle in(Phase phase) {
    Lifecycle life(plan);
    switch (phase) {
        case Phase::running:
            break;
        case Phase::nudged:
            life.on(Event::nudge, start);
            break;
        case Phase::asked:
            life.on(Event::stop, start);
            break;
        case Phase::draining:
            life.on(Event::group_gone, start);
            break;
        case Phase::sweeping:
            life.on(Event::leader_gone, start);
            break;
        case Phase::killing:
            life.on(Event::kill, start);
            break;
        case Phase::finished:
            life.on(Event::leader_gone, start);
            life.on(Event::nobody_left, start);
            break;
    }
    REQUIRE(life.phase() == phase);
    return life;
}

struct Row {
    Phase from;
    Event event;
    Phase to;
    Action action;
    bool new_clock = false;  // the stop timeout begins to run, or begins anew
};

// One event at `later`.
void check_row(const Row& row) {
    CAPTURE(static_cast<int>(row.from), static_cast<int>(row.event));
    auto life = in(row.from);
    const auto deadline = life.deadline();
    CHECK(life.on(row.event, later) == row.action);
    CHECK(life.phase() == row.to);
    if (row.new_clock) {
        CHECK(life.deadline() == later + plan.timeout);
    } else if (row.to == row.from) {
        CHECK(life.deadline() == deadline);
    } else {
        CHECK_FALSE(life.deadline());
    }
}

void check_rows(const std::vector<Row>& rows) {
    for (const auto& row : rows) check_row(row);
}

}  // namespace

TEST_CASE("a running job has no deadline") {
    const Lifecycle life(plan);
    CHECK(life.phase() == Phase::running);
    CHECK_FALSE(life.deadline());
    CHECK_FALSE(life.is_finished());
    CHECK_FALSE(life.is_sweeping());
}

TEST_CASE("a running job takes every event as the table says") {
    check_rows({{Phase::running, Event::stop, Phase::asked, ask_leader, true},
                {Phase::running, Event::clock, Phase::asked, nothing, true},
                {Phase::running, Event::nudge, Phase::nudged, nothing, true},
                {Phase::running, Event::kill, Phase::killing, kill_all},
                {Phase::running, Event::leader_gone, Phase::sweeping, ask_rest, true},
                // There still is the leader, whose ending comes by itself.
                {Phase::running, Event::nobody_left, Phase::running, nothing}});
}

TEST_CASE("a nudged job is asked properly when the time is up, and not before") {
    check_rows({{Phase::nudged, Event::stop, Phase::asked, ask_leader, true},
                {Phase::nudged, Event::clock, Phase::asked, nothing, true},
                {Phase::nudged, Event::nudge, Phase::nudged, nothing},
                {Phase::nudged, Event::kill, Phase::killing, kill_all},
                {Phase::nudged, Event::leader_gone, Phase::sweeping, ask_rest, true},
                {Phase::nudged, Event::nobody_left, Phase::nudged, nothing},
                {Phase::nudged, Event::time_up, Phase::asked, ask_leader, true}});
}

TEST_CASE("a job that was asked is killed when the time is up") {
    check_rows({// Who asks again is passed on, but gains the job no time.
                {Phase::asked, Event::stop, Phase::asked, ask_leader},
                {Phase::asked, Event::clock, Phase::asked, nothing},
                {Phase::asked, Event::nudge, Phase::asked, nothing},
                {Phase::asked, Event::kill, Phase::killing, kill_all},
                {Phase::asked, Event::leader_gone, Phase::sweeping, ask_rest, true},
                {Phase::asked, Event::nobody_left, Phase::asked, nothing},
                {Phase::asked, Event::time_up, Phase::killing, kill_all}});
}

TEST_CASE("who had the group's signal is asked again when half of the stop timeout is over") {
    for (const auto from : {Phase::running, Phase::nudged, Phase::asked}) {
        auto life = in(from);
        CHECK(life.on(Event::group_gone, later) == ask_deaf);
        CHECK(life.phase() == Phase::draining);
        CHECK(life.deadline() == later + plan.timeout / 2);
        CHECK(life.is_sweeping());
        const auto half = later + plan.timeout / 2;
        CHECK(life.on(Event::time_up, half) == ask_rest);
        CHECK(life.phase() == Phase::sweeping);
        CHECK(life.deadline() == later + plan.timeout);
    }
}

TEST_CASE("a draining job takes every event as the table says") {
    check_rows({{Phase::draining, Event::clock, Phase::draining, nothing},
                {Phase::draining, Event::nudge, Phase::draining, nothing},
                {Phase::draining, Event::kill, Phase::killing, kill_all},
                {Phase::draining, Event::leader_gone, Phase::draining, nothing},
                {Phase::draining, Event::nobody_left, Phase::finished, nothing}});
    // Asked from outside, nobody waits for the half time.
    auto life = in(Phase::draining);
    CHECK(life.on(Event::stop, later) == ask_rest);
    CHECK(life.phase() == Phase::sweeping);
}

TEST_CASE("when the leader is gone the rest has the stop timeout too") {
    check_rows({{Phase::sweeping, Event::stop, Phase::sweeping, nothing},
                {Phase::sweeping, Event::clock, Phase::sweeping, nothing},
                {Phase::sweeping, Event::nudge, Phase::sweeping, nothing},
                {Phase::sweeping, Event::kill, Phase::killing, kill_all},
                {Phase::sweeping, Event::leader_gone, Phase::sweeping, nothing},
                {Phase::sweeping, Event::nobody_left, Phase::finished, nothing},
                {Phase::sweeping, Event::time_up, Phase::killing, kill_all}});
}

TEST_CASE("nothing stops the killing but that nobody is left") {
    check_rows({{Phase::killing, Event::stop, Phase::killing, nothing},
                {Phase::killing, Event::clock, Phase::killing, nothing},
                {Phase::killing, Event::nudge, Phase::killing, nothing},
                {Phase::killing, Event::kill, Phase::killing, kill_all},
                {Phase::killing, Event::leader_gone, Phase::killing, nothing},
                {Phase::killing, Event::nobody_left, Phase::killing, nothing},
                {Phase::killing, Event::time_up, Phase::killing, nothing}});
}

TEST_CASE("a finished job stays finished") {
    for (const auto event : {Event::stop, Event::clock, Event::nudge, Event::kill,
                             Event::leader_gone, Event::nobody_left, Event::time_up}) {
        check_row({Phase::finished, event, Phase::finished, nothing});
    }
}

TEST_CASE("a job that is being killed is finished when the leader and everybody else is gone") {
    auto life = in(Phase::killing);
    life.on(Event::leader_gone, later);
    CHECK(life.is_sweeping());
    CHECK(life.on(Event::nobody_left, later) == nothing);
    CHECK(life.is_finished());
    CHECK_FALSE(life.is_sweeping());
    CHECK_FALSE(life.deadline());
}

TEST_CASE("a job is swept from the leader's end until nobody is left, however it came to it") {
    for (const auto phase : {Phase::running, Phase::nudged, Phase::asked, Phase::killing}) {
        auto life = in(phase);
        CHECK_FALSE(life.is_sweeping());
        life.on(Event::leader_gone, later);
        CHECK(life.is_sweeping());
        life.on(Event::nobody_left, later);
        CHECK_FALSE(life.is_sweeping());
    }
}

TEST_CASE("a job whose stop signal is KILL is killed at once, with all of it") {
    Lifecycle life({SIGKILL, 5s});
    CHECK(life.on(Event::stop, start) == kill_all);
    CHECK(life.phase() == Phase::killing);
    CHECK_FALSE(life.deadline());
}

TEST_CASE("with a stop timeout of zero the kill follows the request") {
    Lifecycle life({SIGTERM, 0s});
    CHECK(life.on(Event::stop, start) == ask_leader);
    CHECK(life.deadline() == start);
    CHECK(life.on(Event::time_up, start) == kill_all);
}

TEST_CASE("from a hang-up to the kill it takes two stop timeouts") {
    Lifecycle life(plan);
    life.on(Event::nudge, start);
    CHECK(life.deadline() == start + 5s);
    CHECK(life.on(Event::time_up, start + 5s) == ask_leader);
    CHECK(life.deadline() == start + 10s);
    CHECK(life.on(Event::time_up, start + 10s) == kill_all);
    CHECK_FALSE(life.deadline());
}
