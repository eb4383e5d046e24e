#include <vector>

#include "catch.hpp"
#include "job/restarts.hpp"

using once::Duration;
using once::job::RestartPlan;
using once::job::Restarts;
using When = RestartPlan::When;
using namespace std::chrono_literals;

namespace {

constexpr bool well = false;
constexpr bool failed = true;

Restarts restarts(When when, int most = 10, Duration min_uptime = 10s) {
    return Restarts({.when = when, .most = most, .min_uptime = min_uptime});
}

// The pauses before each of the next runs, of which none lasts.
std::vector<Duration> pauses(Restarts& restarts) {
    std::vector<Duration> all;
    while (const auto pause = restarts.after(failed, 1ms)) {
        all.push_back(*pause);
        REQUIRE(all.size() < 100);
    }
    return all;
}

}  // namespace

TEST_CASE("without --restart a command runs once, however it ends") {
    auto never = restarts(When::never);
    CHECK_FALSE(never.after(well, 1h));
    CHECK_FALSE(never.after(failed, 1ms));
    CHECK_FALSE(never.has_given_up());
}

TEST_CASE("on-failure starts again what has failed, and not what has ended well") {
    auto on_failure = restarts(When::on_failure);
    CHECK(on_failure.after(failed, 1ms) == 100ms);
    CHECK_FALSE(on_failure.after(well, 1ms));
    CHECK_FALSE(on_failure.has_given_up());
}

TEST_CASE("always starts again whatever has ended") {
    auto always = restarts(When::always);
    CHECK(always.after(well, 1ms) == 100ms);
    CHECK(always.after(failed, 1ms) == 200ms);
}

TEST_CASE("the pause before a restart doubles from 100 ms to 15 s") {
    auto always = restarts(When::always);
    CHECK(pauses(always) == std::vector<Duration>{100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms,
                                                  6400ms, 12800ms, 15s, 15s});
    CHECK(always.has_given_up());
}

TEST_CASE("after as many restarts in a row as it may have, it is given up") {
    auto three = restarts(When::on_failure, 3);
    CHECK(pauses(three).size() == 3);
    CHECK(three.has_given_up());
    auto none = restarts(When::always, 0);
    CHECK(pauses(none).empty());
    CHECK(none.has_given_up());
    CHECK(none.plan().most == 0);
}

TEST_CASE("a million restarts in a row overflow nothing") {
    auto many = restarts(When::always, 1'000'000);
    Duration last{};
    while (const auto pause = many.after(failed, 0ms)) last = *pause;
    CHECK(last == 15s);
}

TEST_CASE("a run that lasted begins a new row, and the pauses are short again") {
    auto two = restarts(When::always, 2);
    CHECK(two.after(failed, 1ms) == 100ms);
    CHECK(two.after(failed, 9999ms) == 200ms);
    CHECK(two.after(failed, 10s) == 100ms);
    CHECK(two.after(failed, 1ms) == 200ms);
    CHECK_FALSE(two.after(failed, 1ms));
    CHECK(two.has_given_up());
}

TEST_CASE("where no uptime is asked for, every run lasted") {
    auto one = restarts(When::always, 1, 0ms);
    for (int i = 0; i < 100; ++i) CHECK(one.after(failed, 0ms) == 100ms);
}
