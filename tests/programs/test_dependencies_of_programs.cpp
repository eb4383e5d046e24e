// A launch that waits for a real server.

#include <signal.h>

#include "catch.hpp"
#include "program.hpp"

using namespace once::test;

namespace {

const std::vector<std::string> needs{"/usr/bin/redis-server"};

Running start_redis(Scenario& scene) {
    return scene.launch({"/usr/bin/redis-server", "--port", scene.port(), "--save", ""});
}

Running start_backend(Scenario& scene) {
    return scene.launch({"once", "-n", "backend", "--wait-for",
                         "tcp:localhost:" + std::to_string(scene.port()), "--", "actor",
                         "print-signals"});
}

}  // namespace

TEST_CASE("a backend is launched when its redis has come up", "[programs][dependencies]") {
    if (!can_run(needs)) return;
    Scenario scene;
    const auto backend = start_backend(scene);
    backend.wait_for_error("waiting for tcp:localhost:");
    (void)start_redis(scene);
    (void)backend.ready_pid();
}

TEST_CASE("a backend whose redis never comes up is not launched", "[programs][dependencies]") {
    if (!can_run(needs)) return;
    Scenario scene;
    const auto backend = scene.run({"once", "--wait-timeout", "1s", "--wait-for",
                                    "tcp:localhost:" + std::to_string(scene.port()), "--", "actor",
                                    "print-signals"});
    CHECK(backend.ending == exited(69));
    CHECK(backend.stdout_text.empty());
    CHECK(count(backend.stderr_text, "connection refused") >= 1);
}

TEST_CASE("a backend that runs is not replaced while its redis is killed, but when it is back",
          "[programs][dependencies]") {
    if (!can_run(needs)) return;
    Scenario scene;
    const auto redis = start_redis(scene);
    redis.wait_for_output("Ready to accept connections");
    const auto first = start_backend(scene);
    (void)first.ready_pid();
    redis.signal(SIGKILL);
    CHECK(redis.wait_ending() == killed_by(SIGKILL));
    const auto second = start_backend(scene);
    second.wait_for_error("waiting for tcp:localhost:");
    CHECK_FALSE(first.ended());
    (void)start_redis(scene);
    (void)second.ready_pid();
    CHECK(first.wait_ending() == exited(0));
}
