#include <csignal>

#include "base/ending.hpp"
#include "base/failure.hpp"
#include "catch.hpp"

using once::Ending;
using once::Failure;

TEST_CASE("an ending by exit has the command's own status") {
    CHECK(Ending::exited(0).status() == 0);
    CHECK(Ending::exited(3).status() == 3);
    CHECK(Ending::exited(255).status() == 255);
    CHECK(Ending{} == Ending::exited(0));
}

TEST_CASE("an ending by a signal has the status that a shell shows for it") {
    CHECK(Ending::killed(SIGTERM).status() == 143);
    CHECK(Ending::killed(SIGINT).status() == 130);
    CHECK(Ending::killed(SIGKILL).status() == 137);
}

TEST_CASE("to exit with 143 is not to be killed by TERM") {
    CHECK(Ending::exited(143).status() == Ending::killed(SIGTERM).status());
    CHECK_FALSE(Ending::exited(143) == Ending::killed(SIGTERM));
}

TEST_CASE("a failure carries its words and how once ends") {
    const Failure refused(once::exit_status::conflict, "port 8001 is held by 'pnpm dev'");
    CHECK(refused.what() == std::string("port 8001 is held by 'pnpm dev'"));
    CHECK(refused.ending() == Ending::exited(75));
    CHECK(Failure(Ending::killed(SIGHUP), "").ending() == Ending::killed(SIGHUP));
}

TEST_CASE("a failure of our own ends with 125") {
    try {
        once::fail("cannot lock '{}': {}", "port-8001", "no space");
        FAIL("it came back");
    } catch (const Failure& failure) {
        CHECK(failure.ending() == Ending::exited(125));
        CHECK(failure.what() == std::string("cannot lock 'port-8001': no space"));
    }
}
