// Either of `once` and its keeper may be killed; the other one cleans up.

#include <signal.h>

#include "aftermath.hpp"
#include "catch.hpp"
#include "holding.hpp"

using namespace once::test;

namespace {

void stop(pid_t pid) {
    REQUIRE(kill(pid, SIGSTOP) == 0);
    eventually([&] { return process_state(pid) == 'T'; }, std::to_string(pid) + " has stopped");
}

}  // namespace

TEST_CASE("when once is killed the keeper asks the job to end, and cleans up", "[keeper]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "--pid-file", "pid", "--stop-timeout", "1h", "-p", scene.port(), "--",
                      "actor", "listen-slow-stop", scene.port(), 100});
    once.wait_for_output("listening");
    once.signal(SIGKILL);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    once.wait_for_output("stopped");
    await_nothing_left(scene);
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "pid"));
    // To those who cannot see that it is gone (in another container) its lock tells of nobody.
    for (const auto& lock : state_files(scene, ".lock")) {
        CHECK(scene.read_file(lock).substr(0, 1) == "\n");
    }
}

TEST_CASE("when once is killed the keeper ends the whole tree, and who does not hear", "[keeper]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--stop-timeout", "200ms", "--", "sh", "-c",
                                    "actor ignore-term & exec actor tree 50"});
    once.wait_for_output("tree 50");
    eventually([&] { return count(once.stdout_text(), "ready ") == 2; }, "both are ready");
    once.signal(SIGKILL);
    await_nothing_left(scene);
}

TEST_CASE("when once is killed the keeper ends those who have left the session too", "[keeper]") {
    Scenario scene;
    const auto keeping = scene.launch({"once", "--", "actor", "escape-keeping-stdio"});
    (void)keeping.pid_after("escaped");
    keeping.signal(SIGKILL);
    await_nothing_left(scene);
    const auto listening =
        scene.launch({"once", "-p", scene.port(), "--", "actor", "escape-session", scene.port()});
    (void)listening.pid_after("escaped");
    listening.signal(SIGKILL);
    await_nothing_left(scene);
}

TEST_CASE("when once is killed a deliberate daemon is left alone all the same",
          "[keeper][daemons]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--", "actor", "escape-session"});
    const pid_t daemon = once.pid_after("escaped");
    scene.forgive(daemon);
    once.signal(SIGKILL);
    await_nothing_left(scene);
    CHECK(alive(daemon));
}

TEST_CASE("a job that kills its once ends too", "[keeper]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--", "actor", "crash-supervisor", "once"});
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    await_nothing_left(scene);
}

TEST_CASE("when the keeper is killed once ends the job, and says so", "[keeper]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "--pid-file", "pid", "-p", scene.port(), "--", "sh", "-c",
                      "actor escape-keeping-stdio & actor tree 20 & exec actor listen " +
                          std::to_string(scene.port())});
    once.wait_for_output("listening");
    once.wait_for_output("tree 20");
    once.wait_for_output("escaped");
    wait_until_inscribed(scene, {once, leader_of(once.pid())});
    REQUIRE(kill(keeper_of(once.pid()), SIGKILL) == 0);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    CHECK(once.stderr_text().find("once: ") == 0);
    CHECK(once.stderr_text().find("keeper") != std::string::npos);
    CHECK(count(once.stderr_text(), "\n") == 1);
    check_nothing_left(scene);
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "pid"));
}

TEST_CASE("when the keeper is killed who does not hear a TERM is killed too", "[keeper]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "--stop-timeout", "200ms", "--", "sh", "-c",
                      "actor ignore-term & exec actor listen " + std::to_string(scene.port())});
    once.wait_for_output("listening");
    eventually([&] { return count(once.stdout_text(), "ready ") == 2; }, "both are ready");
    wait_until_inscribed(scene, {once, leader_of(once.pid())});
    REQUIRE(kill(keeper_of(once.pid()), SIGKILL) == 0);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    check_nothing_left(scene);
}

TEST_CASE("a job that kills its keeper ends too", "[keeper]") {
    Scenario scene;
    // Not before `once` knows of its leader; the next test does that.
    const auto once = scene.launch({"once", "-n", "slot", "--", "sh", "-c",
                                    "echo ready $$; read line; exec actor crash-supervisor keeper"},
                                   {.input = Input::pipe});
    (void)once.ready_pid();
    (void)state_file(scene, ".json");
    once.write_input("go\n");
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    check_nothing_left(scene);
}

TEST_CASE("a keeper that is killed the moment its job runs leaves nothing", "[keeper]") {
    Scenario scene;
    for (int round = 0; round < 20; ++round) {
        const auto finished = scene.run({"once", "--stop-timeout", "50ms", "-n", "slot", "--",
                                         "actor", "crash-supervisor", "keeper"});
        // Before the leader is known, it is once itself that has failed.
        const bool known = finished.ending == killed_by(SIGKILL);
        const bool unknown = finished.ending == exited(125);
        CHECK((known || unknown));
        CHECK(finished.stderr_text.find("keeper") != std::string::npos);
        check_nothing_left(scene);
    }
}

TEST_CASE("a leader that kills both of them dies as well", "[keeper]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--", "actor", "crash-supervisor", "both"});
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    eventually([&] { return scene.survivors().empty(); }, "the leader is gone");
}

TEST_CASE("when the leader is killed the rest of the job ends", "[keeper]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-p", scene.port(), "--", "sh", "-c",
                                    "actor listen " + std::to_string(scene.port()) + " & wait"});
    once.wait_for_output("listening");
    REQUIRE(kill(leader_of(once.pid()), SIGKILL) == 0);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    check_nothing_left(scene);
}

TEST_CASE("stopped and continued, once and its keeper go on where they were", "[keeper]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-p", scene.port(), "--", "actor", "print-signals"});
    const pid_t leader = once.ready_pid();
    const pid_t keeper = keeper_of(once.pid());
    stop(once.pid());
    stop(keeper);
    once.signal(SIGUSR1);
    once.signal(SIGCONT);
    REQUIRE(kill(keeper, SIGCONT) == 0);
    once.wait_for_output("got SIGUSR1");
    CHECK(alive(leader));
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == exited(0));
    CHECK(times_got(once.stdout_text(), "SIGUSR1") == 1);
    check_nothing_left(scene);
}

TEST_CASE("a leader that ends while both are stopped is reported when they go on", "[keeper]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-p", scene.port(), "--", "actor", "print-signals",
                                    "--exit-on", "USR1", "--exit-code", 8});
    const pid_t leader = once.ready_pid();
    const pid_t keeper = keeper_of(once.pid());
    stop(once.pid());
    stop(keeper);
    REQUIRE(kill(leader, SIGUSR1) == 0);
    eventually([&] { return !alive(leader); }, "the leader has ended");
    once.signal(SIGCONT);
    REQUIRE(kill(keeper, SIGCONT) == 0);
    CHECK(once.wait_ending() == exited(8));
    check_nothing_left(scene);
}

TEST_CASE("the slot is held until the keeper of a killed once is gone", "[keeper]") {
    Scenario scene;
    // The kernel continues a stopped keeper whose group becomes an orphan by once's death; with a
    // shell in the same group that does not happen.
    const auto shell = scene.launch(
        {"sh", "-c", "once --group shared -n slot -- actor print-signals & wait; read line"},
        {.input = Input::pipe});
    const pid_t leader = shell.ready_pid();
    const pid_t keeper = parent_of(leader);
    const pid_t once = once_above(leader);
    stop(keeper);
    REQUIRE(kill(once, SIGKILL) == 0);
    eventually([&] { return !alive(once); }, "once is dead");
    CHECK(held_locks(scene).size() == 1);
    CHECK(scene.run({"once", "--refuse", "-n", "slot", "--", "true"}).ending == exited(75));
    CHECK(alive(leader));
    REQUIRE(kill(keeper, SIGCONT) == 0);
    eventually([&] { return !alive(leader) && !alive(keeper); }, "the keeper has cleaned up");
    CHECK(times_got(shell.stdout_text(), "SIGTERM") == 1);
    CHECK(scene.run({"once", "--refuse", "-n", "slot", "--", "true"}).ending == exited(0));
    shell.close_input();
    (void)shell.wait_ending();
    check_nothing_left(scene);
}

TEST_CASE("the slot is held until the once of a killed keeper is gone", "[keeper]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-n", "slot", "--", "actor", "print-signals"});
    wait_until_inscribed(scene, {once, once.ready_pid()});
    const pid_t keeper = keeper_of(once.pid());
    stop(once.pid());
    REQUIRE(kill(keeper, SIGKILL) == 0);
    eventually([&] { return !alive(keeper); }, "the keeper is dead");
    CHECK(held_locks(scene).size() == 1);
    CHECK(scene.run({"once", "--refuse", "-n", "slot", "--", "true"}).ending == exited(75));
    once.signal(SIGCONT);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    check_nothing_left(scene);
}

TEST_CASE("killing all of once's process group at once leaves nothing", "[keeper]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "-p", scene.port(), "--", "sh", "-c",
                      "actor tree 20 & exec actor listen " + std::to_string(scene.port())});
    once.wait_for_output("listening");
    once.wait_for_output("tree 20");
    CHECK(group_of(once.pid()) == once.pid());
    CHECK(group_of(keeper_of(once.pid())) != once.pid());
    REQUIRE(kill(-once.pid(), SIGKILL) == 0);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    await_nothing_left(scene);
}

TEST_CASE("killing all of the job's process group ends the job as if its leader was killed",
          "[keeper]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--", "actor", "tree", 20});
    once.wait_for_output("tree 20");
    const pid_t leader = once.ready_pid();
    CHECK(group_of(leader) == leader);
    REQUIRE(kill(-leader, SIGKILL) == 0);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    CHECK(once.stderr_text().empty());
    check_nothing_left(scene);
}
