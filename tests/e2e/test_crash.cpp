// once, its keeper, or both are killed: nothing is left, and the next launch works.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "holding.hpp"

using namespace once::test;

namespace fs = std::filesystem;

TEST_CASE("once is killed: its keeper ends the job and takes record and pid file away", "[crash]") {
    Scenario scene;
    const auto holder = hold_port(scene, {"--pid-file", "pid"});
    wait_until_inscribed(scene, holder);
    CHECK(scene.read_file("pid") == std::to_string(holder.leader) + "\n");
    (void)state_file(scene, ".json");
    holder.once.signal(SIGKILL);
    eventually([&] { return scene.survivors().empty(); }, "nobody is left");
    CHECK_FALSE(listening(scene.port()));
    CHECK(state_files(scene, ".json").empty());
    CHECK_FALSE(fs::exists(scene.folder() / "pid"));
    const auto next = hold_port(scene, {"--refuse"});
    CHECK(next.once.stderr_text().empty());
}

TEST_CASE("once is killed: a job that ignores TERM is killed by its keeper", "[crash]") {
    Scenario scene;
    const auto holder = hold_with_child(scene, {"-p", scene.port(), "--stop-timeout", "300ms"});
    holder.once.signal(SIGKILL);
    eventually([&] { return scene.survivors().empty(); }, "nobody is left");
    CHECK(state_files(scene, ".json").empty());
}

TEST_CASE("the keeper is killed: once ends the job, says so, and takes record and pid file away",
          "[crash]") {
    Scenario scene;
    const auto holder = hold_with_child(
        scene, {"-p", scene.port(), "--stop-timeout", "300ms", "--pid-file", "pid"});
    REQUIRE(kill(parent_of(holder.leader), SIGKILL) == 0);
    const Ending ending = holder.once.wait_ending();
    CHECK(ending.code != 0);
    CHECK_THAT(holder.once.stderr_text(), has("the keeper of ") && has("was killed"));
    CHECK(scene.survivors().empty());
    CHECK_FALSE(listening(scene.port()));
    CHECK(state_files(scene, ".json").empty());
    CHECK_FALSE(fs::exists(scene.folder() / "pid"));
}

TEST_CASE("both are killed: the leader dies with them", "[crash]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    kill_both(holder);
    eventually([&] { return scene.survivors().empty(); }, "nobody is left");
    const auto next = hold_port(scene, {"--refuse"});
    (void)state_file(scene, ".json");
}

TEST_CASE("both are killed: the next launch finds the rest, sweeps it, and says so", "[crash]") {
    Scenario scene;
    for (const char* policy : {"--replace", "--refuse", "--reuse", "--wait"}) {
        const auto holder = hold_with_child(
            scene, {"-p", scene.port(), "--stop-timeout", "300ms", "--pid-file", "pid"});
        const pid_t rest = holder.once.pid_after("ready");
        kill_both(holder);
        CHECK(alive(rest));
        const auto next = hold_port(scene, {policy});
        CHECK_FALSE(alive(rest));
        CHECK_THAT(next.once.stderr_text(),
                   has("crashed 'sh -c") && has(": pid " + std::to_string(rest)));
        CHECK_FALSE(fs::exists(scene.folder() / "pid"));
        (void)state_file(scene, ".json");
        next.once.signal(SIGTERM);
        (void)next.once.wait_ending();
    }
}

TEST_CASE("both are killed: what is left without a port is swept as well", "[crash]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-n", "x", "--stop-timeout", "300ms", "--", "sh", "-c",
                                    "actor lock proof & actor ignore-term & wait"});
    once.wait_for_output("locked");
    eventually([&] { return count(once.stdout_text(), "ready") == 2; }, "both children stand");
    kill_both({once, leader_of(once.pid())});
    const auto next = hold(scene, {"-n", "x"});  // else the actor would exit with 99
    CHECK_FALSE(next.once.ended());
    CHECK(scene.survivors().size() == 3);
}

TEST_CASE("leftovers of another folder are left alone: 75, with their pids", "[crash]") {
    Scenario scene;
    const auto holder = hold_with_child(scene, {"-p", scene.port()});
    const pid_t rest = holder.once.pid_after("ready");
    kill_both(holder);
    const auto elsewhere = scene.another_folder("elsewhere");
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto refused =
            scene.run({"once", "-p", scene.port(), "--", "true"}, {.folder = elsewhere});
        CHECK(refused.ending == exited(75));
        CHECK_THAT(refused.stderr_text, has("once stop --stale, or kill " + std::to_string(rest)));
        CHECK(alive(rest));
    }
    // And their own folder still knows them.
    const auto next = hold_port(scene, {"--stop-timeout", "300ms"});
    CHECK_FALSE(alive(rest));
}

TEST_CASE("a launch that crashes before it has swept hands the leftovers on", "[crash]") {
    Scenario scene;
    const auto holder = hold_with_child(scene, {"-p", scene.port(), "--stop-timeout", "10s"});
    const pid_t rest = holder.once.pid_after("ready");
    kill_both(holder);
    const auto sweeping = scene.launch({"once", "-p", scene.port(), "--", "true"});
    sweeping.wait_for_error("sweeping");
    sweeping.signal(SIGKILL);
    (void)sweeping.wait_ending();
    CHECK(alive(rest));
    const auto next = scene.launch({"once", "-p", scene.port(), "--", "true"});
    next.wait_for_error(std::to_string(rest));
    REQUIRE(kill(rest, SIGKILL) == 0);
    CHECK(next.wait_ending() == exited(0));
}

TEST_CASE("a job that kills its own supervisors ends with them", "[crash]") {
    Scenario scene;
    for (const char* whom : {"once", "keeper", "both"}) {
        const auto once =
            scene.launch({"once", "-n", "x", "--", "actor", "crash-supervisor", whom});
        (void)once.wait_ending();
        eventually([&] { return scene.survivors().empty(); }, "nobody is left");
        CHECK(scene.run({"once", "-n", "x", "--refuse", "--", "true"}).ending == exited(0));
    }
}

TEST_CASE("once is killed while it waits: nothing of it is in the way", "[crash]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    for (int round = 0; round < 5; ++round) {
        const auto waiting = scene.launch({"once", "-w", "-n", "x", "--", "true"});
        waiting.wait_for_error("waiting for");
        waiting.signal(SIGKILL);
        (void)waiting.wait_ending();
    }
    (void)hold(scene, {"-n", "x"});
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("once is killed while it replaces: the next launch takes the slot", "[crash]") {
    Scenario scene;
    const auto slow =
        scene.launch({"once", "-n", "x", "--stop-timeout", "2s", "--", "actor", "ignore-term"});
    (void)slow.ready_pid();
    const auto killed = scene.launch({"once", "-n", "x", "--", "true"});
    slow.wait_for_error("replaced by");
    killed.signal(SIGKILL);
    (void)killed.wait_ending();
    const auto next = hold(scene, {"-n", "x"});
    CHECK(slow.wait_ending() == killed_by(SIGKILL));
    CHECK_FALSE(next.once.ended());
}
