// When a fresh job counts as ready.

#include "catch.hpp"
#include "contenders.hpp"
#include "job/readiness.hpp"

using namespace once::test;
using once::fake::world;
using once::job::Readiness;
using once::job::ReadinessPlan;
using namespace std::chrono_literals;

namespace {

/// Looks once, when it is time to.
void look(Readiness& readiness) {
    REQUIRE(readiness.next().has_value());
    world().now = *readiness.next();
    readiness.look(world().now);
}

}  // namespace

TEST_CASE("a server that only tries its port, and closes it again, is not ready yet") {
    constexpr int token = 5;
    set_the_stage();
    world().add(their_keeper, our_once, "job-keeper");
    world().add(their_leader, their_keeper, "vite");
    const ReadinessPlan plan{{port}, {}, {}};
    once::os::Events events(once::os::Catch::usual);
    Readiness readiness(events, token, plan, their_keeper, world().now);
    look(readiness);
    CHECK(readiness.missing().size() == 1);

    world().share(port, {their_leader});
    look(readiness);
    CHECK(readiness.state() == Readiness::State::open);
    CHECK(*readiness.next() - world().now <= 10ms);
    world().sockets.clear();
    look(readiness);
    CHECK(readiness.state() == Readiness::State::open);

    world().share(port, {their_leader});
    look(readiness);
    CHECK(readiness.state() == Readiness::State::open);
    look(readiness);
    CHECK(readiness.state() == Readiness::State::ready);
    CHECK_FALSE(readiness.next().has_value());
}
