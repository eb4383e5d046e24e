// The options --max-memory and --ttl: a job that is ended when it outgrows or outlives them.

#include <signal.h>

#include "aftermath.hpp"
#include "background.hpp"
#include "holding.hpp"

using namespace once::test;
using namespace std::chrono_literals;

TEST_CASE("a job that uses too much memory is stopped with 69, and how much is said", "[limits]") {
    Scenario scene;
    const auto once =
        scene.run({"once", "--max-memory", "40M", "--", "actor", "fill-memory", "80"});
    CHECK(once.ending == exited(69));
    CHECK_THAT(once.stderr_text, has("once: 'actor fill-memory 80' used 8") &&
                                     has("M of memory, more than --max-memory 40M\n"));
    CHECK(count(once.stderr_text, "\n") == 1);
    check_nothing_left(scene);
}

TEST_CASE("the memory of all processes of a job counts", "[limits]") {
    Scenario scene;
    const auto once = scene.run({"once", "--max-memory", "60M", "--", "sh", "-c",
                                 "actor fill-memory 40 & setsid actor fill-memory 40 & wait"});
    CHECK(once.ending == exited(69));
    CHECK_THAT(once.stderr_text, has("more than --max-memory 60M"));
    check_nothing_left(scene);
}

TEST_CASE("a job that stays below its limits is left alone", "[limits]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "--max-memory", "100M", "--ttl", "1h", "--", "actor", "fill-memory", "40"});
    once.wait_for_output("filled");
    remains([&] { return !once.ended(); }, 4500ms, "a job below its limits");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    CHECK(once.stderr_text().empty());
}

TEST_CASE("a job that is older than --ttl is stopped with 69 by its stop plan", "[limits]") {
    Scenario scene;
    const auto once = scene.run({"once", "--ttl", "300ms", "--", "actor", "print-signals"});
    CHECK(once.ending == exited(69));
    CHECK(once.stderr_text ==
          "once: 'actor print-signals' was ended after 300 ms, as --ttl says\n");
    CHECK_THAT(once.stdout_text, has("got SIGTERM"));
    check_nothing_left(scene);
}

TEST_CASE("a job that ends before it is too old keeps its status", "[limits]") {
    Scenario scene;
    const auto once = scene.run({"once", "--ttl", "1h", "--", "actor", "exit", "3"});
    CHECK(once.ending == exited(3));
    CHECK(once.stderr_text.empty());
}

TEST_CASE("a job that outgrew its limits is started again as --restart says", "[limits]") {
    Scenario scene;
    for (const char* when : {"always", "on-failure"}) {
        const auto old = scene.run({"once", "--ttl", "200ms", "--restart", when, "--max-restarts",
                                    "2", "--", "actor", "print-signals"});
        CHECK(old.ending == exited(69));
        CHECK(count(old.stdout_text, "ready") == 3);
        CHECK(count(old.stderr_text, "was ended after 200 ms, as --ttl says") == 3);
    }
    const std::string script =
        "[ -e again ] && exec actor print-signals; touch again; exec actor fill-memory 80";
    const auto large = scene.launch({"once", "-n", "x", "--max-memory", "40M", "--restart",
                                     "always", "--", "sh", "-c", script});
    large.wait_for_error("--max-memory 40M; starting it again in 100 ms");
    eventually([&] { return count(large.stdout_text(), "ready") == 2; }, "its second run");
    wait_until_state(scene, "x", "running");
    large.signal(SIGTERM);
    (void)large.wait_ending();
    check_nothing_left(scene);
}
