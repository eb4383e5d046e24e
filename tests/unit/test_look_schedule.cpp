#include <optional>
#include <vector>

#include "catch.hpp"
#include "job/port_watch.hpp"

using once::TimePoint;
using once::job::LookSchedule;
using namespace std::chrono_literals;

namespace {

const TimePoint launch{1000s};

// When each look is made, by somebody who looks exactly when it is due.
std::vector<std::chrono::milliseconds> looks(std::optional<std::chrono::milliseconds> within = {}) {
    LookSchedule schedule(launch, within);
    std::vector<std::chrono::milliseconds> times;
    while (schedule.next()) {
        const auto now = *schedule.next();
        times.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(now - launch));
        schedule.step(now);
        REQUIRE(times.size() < 1000);
    }
    return times;
}

}  // namespace

TEST_CASE("a fresh job's port is looked at after 20 ms, and then at doubling intervals") {
    const auto times = looks();
    REQUIRE(times.size() > 4);
    CHECK(times[0] == 20ms);
    CHECK(times[1] == 60ms);
    CHECK(times[2] == 140ms);
    CHECK(times[3] == 300ms);
}

TEST_CASE("the last look is made 30 s after the launch, and then none any more") {
    CHECK(looks().back() == 30s);
    CHECK(looks().size() < 15);
}

TEST_CASE(
    "where it has a time to become ready, it is looked at so long, and once more at its end") {
    CHECK(looks(1s).back() == 1s);
    CHECK(looks(75s).back() == 75s);
    CHECK(looks(200ms) == std::vector<std::chrono::milliseconds>{20ms, 60ms, 140ms, 200ms});
    CHECK(looks(10ms) == std::vector<std::chrono::milliseconds>{10ms});
    CHECK(looks(0ms) == std::vector<std::chrono::milliseconds>{0ms});
}

TEST_CASE("whoever waits for it to be ready never waits for the next look longer than 160 ms") {
    const auto times = looks(20s);
    for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] <= 160ms);
}

TEST_CASE("a look that comes late ends the looking when its 30 s are over") {
    LookSchedule schedule(launch, std::nullopt);
    schedule.step(launch + 31s);
    CHECK_FALSE(schedule.next());
}

TEST_CASE("a job whose listener was seen is not looked at again") {
    LookSchedule schedule(launch, std::nullopt);
    schedule.finish();
    CHECK_FALSE(schedule.next());
    schedule.step(launch + 20ms);
    CHECK_FALSE(schedule.next());
}

TEST_CASE("a job that listens elsewhere has had its time after a few seconds") {
    const LookSchedule schedule(launch, std::nullopt);
    CHECK_FALSE(schedule.has_settled(launch));
    CHECK_FALSE(schedule.has_settled(launch + 2s));
    CHECK(schedule.has_settled(launch + 3s));
}
