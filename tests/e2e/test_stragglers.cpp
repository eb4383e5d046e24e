// Nothing that a job started outlives it, but for deliberate daemons.

#include <signal.h>

#include "aftermath.hpp"
#include "catch.hpp"

using namespace once::test;

TEST_CASE("a child that the leader left behind is ended, and the port is free", "[stragglers]") {
    Scenario scene;
    const auto finished =
        scene.run({"once", "-p", scene.port(), "--", "actor", "fork-and-leave", scene.port()});
    CHECK(finished.ending == exited(0));
    CHECK(count(finished.stdout_text, "left ") == 1);
    check_nothing_left(scene);
}

TEST_CASE("a chain of forks that runs before the sweep is caught", "[stragglers]") {
    Scenario scene;
    CHECK(scene.run({"once", "--", "actor", "fork-chain", 300}).ending == exited(0));
    check_nothing_left(scene);
}

TEST_CASE("a job that forks for ever is caught", "[stragglers]") {
    Scenario scene;
    scene.write_script("comet", "trap '' TERM\n./comet &\n");
    const auto finished = scene.run({"once", "--stop-timeout", "100ms", "--", "./comet"});
    CHECK(finished.ending == exited(0));
    check_nothing_left(scene);
}

TEST_CASE("a tree of 200 in groups and sessions of their own is felled", "[stragglers]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "--stop-timeout", "1h", "-p", scene.port(), "--", "actor", "tree", 200});
    once.wait_for_output("tree 200");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    check_nothing_left(scene);
}

TEST_CASE("a tree whose leader was killed is felled", "[stragglers]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--stop-timeout", "1h", "--", "actor", "tree", 50});
    once.wait_for_output("tree 50");
    REQUIRE(kill(once.ready_pid(), SIGKILL) == 0);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    check_nothing_left(scene);
}

TEST_CASE("orphans of a job become the keeper's children, not init's", "[stragglers]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "--", "sh", "-c", "actor fork-and-leave; echo; exec actor ignore-term"});
    const pid_t orphan = once.pid_after("left");
    const pid_t keeper = keeper_of(once.pid());
    eventually([&] { return parent_of(orphan) == keeper; }, "the keeper has adopted it");
    eventually([&] { return count(once.stdout_text(), "ready ") == 2; }, "the leader stands");
    REQUIRE(kill(leader_of(once.pid()), SIGKILL) == 0);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    check_nothing_left(scene);
}

TEST_CASE("an orphan that ends while the job runs is no zombie", "[stragglers]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "--", "sh", "-c",
         "actor fork-and-leave; echo; exec actor listen " + std::to_string(scene.port())});
    const pid_t orphan = once.pid_after("left");
    once.wait_for_output("listening");
    REQUIRE(kill(orphan, SIGKILL) == 0);
    eventually([&] { return !process(orphan).has_value(); }, "it is gone, and reaped");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    check_nothing_left(scene);
}

TEST_CASE("a zombie below a parent that does not reap holds nothing up", "[stragglers]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "--stop-timeout", "1h", "--", "actor", "zombie-parent"});
    const pid_t zombie = once.pid_after("zombie");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    CHECK_FALSE(process(zombie).has_value());
    check_nothing_left(scene);
}

TEST_CASE("a deliberate daemon outlives its job, and is named at -v", "[stragglers][daemons]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "-v", "-p", scene.port(), "--", "actor", "escape-session"});
    const pid_t daemon = once.pid_after("escaped");
    scene.forgive(daemon);
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    CHECK(alive(daemon));
    CHECK(once.stderr_text().find(std::to_string(daemon)) != std::string::npos);
    check_nothing_left(scene);
}

TEST_CASE("a deliberate daemon is not named without -v, and gets no signal", "[daemons]") {
    Scenario scene;
    const auto finished =
        scene.run({"once", "-p", scene.port(), "--", "sh", "-c",
                   "setsid actor print-signals --exit-on HUP >log 2>&1 </dev/null & "
                   "until grep -q ready log 2>/dev/null; do :; done"});
    CHECK(finished.ending == exited(0));
    CHECK(finished.stderr_text.empty());
    const auto left = scene.survivors();
    REQUIRE(left.size() == 1);
    scene.forgive(left.front().pid);
    REQUIRE(kill(left.front().pid, SIGHUP) == 0);
    eventually([&] { return !alive(left.front().pid); }, "the daemon has ended");
    CHECK(count(scene.read_file("log"), "signals 1\n") == 1);
    check_nothing_left(scene);
}

TEST_CASE("what a deliberate daemon has started stays with it", "[daemons]") {
    Scenario scene;
    scene.write_script("daemon", "actor ignore-term & actor ignore-term\n");
    const auto finished =
        scene.run({"once", "--", "sh", "-c",
                   "setsid ./daemon >log 2>&1 </dev/null & "
                   "until [ \"$(grep -c ready log 2>/dev/null)\" = 2 ]; do :; done"});
    CHECK(finished.ending == exited(0));
    CHECK(scene.survivors().size() == 3);
    for (const Process& one : scene.survivors()) scene.forgive(one.pid);
    check_nothing_left(scene);
}

TEST_CASE("the option --sweep-daemons ends deliberate daemons too", "[stragglers][daemons]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--sweep-daemons", "--stop-timeout", "1h", "-p",
                                    scene.port(), "--", "actor", "escape-session"});
    (void)once.pid_after("escaped");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    check_nothing_left(scene);
}

TEST_CASE("a daemon that listens on the claimed port is none, and is ended",
          "[stragglers][daemons]") {
    Scenario scene;
    const auto finished = scene.run(
        {"once", "-p", scene.port(), "--", "actor", "escape-session-and-exit", scene.port()});
    CHECK(finished.ending == exited(0));
    check_nothing_left(scene);
}

TEST_CASE("a daemon that listens on another port is left alone", "[daemons]") {
    Scenario scene;
    const int other = scene.another_port();
    const auto once =
        scene.launch({"once", "-p", scene.port(), "--", "actor", "escape-session-and-exit", other});
    scene.forgive(once.pid_after("escaped"));
    CHECK(once.wait_ending() == exited(0));
    CHECK(listening(other));
    check_nothing_left(scene);
}

TEST_CASE("who has left the session but kept our stdio is ended", "[stragglers][daemons]") {
    Scenario scene;
    for (const char* way : {"escape-keeping-stdio", "escape-keeping-stdio-and-exit"}) {
        const auto once = scene.launch({"once", "--stop-timeout", "1h", "--", "actor", way});
        (void)once.pid_after("escaped");
        once.signal(SIGTERM);
        (void)once.wait_ending();
        CHECK(once.output_ended());
        check_nothing_left(scene);
    }
}
