#include "catch.hpp"
#include "job/limits.hpp"
#include "os/process.hpp"

using once::TimePoint;
using once::job::Limits;
using namespace std::chrono_literals;

namespace {

const TimePoint launch{1000s};

}  // namespace

TEST_CASE("without a limit there is nothing to wait for") {
    Limits none({}, launch);
    CHECK_FALSE(none.next());
    CHECK_FALSE(none.age(launch + 1000h));
    CHECK_FALSE(none.weigh(launch + 1000h, once::os::own_pid()));
}

TEST_CASE("a job is as old as it may become when its time is over, and not before") {
    const Limits limits({.memory = {}, .ttl = 1h}, launch);
    CHECK(limits.next() == launch + 1h);
    CHECK_FALSE(limits.age(launch + 1h - 1ms));
    const auto old = limits.age(launch + 1h);
    REQUIRE(old);
    CHECK(old->ttl == 1h);
}

TEST_CASE("memory is looked at every two seconds, and not in between") {
    Limits limits({.memory = 1, .ttl = {}}, launch);
    CHECK(limits.next() == launch + 2s);
    CHECK_FALSE(limits.weigh(launch + 1999ms, once::os::own_pid()));
    CHECK(limits.next() == launch + 2s);
    // Nobody is below this process, so it weighs nothing.
    CHECK_FALSE(limits.weigh(launch + 2500ms, once::os::own_pid()));
    CHECK(limits.next() == launch + 4500ms);
}

TEST_CASE("of two limits the next is the one that comes first") {
    CHECK(Limits({.memory = 1, .ttl = 1s}, launch).next() == launch + 1s);
    CHECK(Limits({.memory = 1, .ttl = 3s}, launch).next() == launch + 2s);
}

TEST_CASE("a job that is ending has no limits any more") {
    Limits limits({.memory = 1, .ttl = 1s}, launch);
    limits.finish();
    CHECK_FALSE(limits.next());
    CHECK_FALSE(limits.age(launch + 1h));
    CHECK_FALSE(limits.weigh(launch + 1h, once::os::own_pid()));
}
