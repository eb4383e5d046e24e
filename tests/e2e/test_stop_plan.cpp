// From polite to final: the stop plan's signal, its timeout, KILL.

#include <signal.h>

#include "aftermath.hpp"
#include "catch.hpp"

using namespace once::test;

TEST_CASE("a TERM to once asks the job to end, and its status is passed on", "[stop]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "-p", scene.port(), "--", "actor", "listen-slow-stop", scene.port(), 200});
    once.wait_for_output("listening");
    once.signal(SIGTERM);
    once.wait_for_output("stopping");
    CHECK(once.wait_ending() == exited(0));
    CHECK(count(once.stdout_text(), "stopped\n") == 1);
    check_nothing_left(scene);
}

TEST_CASE("a job that does not end within the stop timeout is killed", "[stop]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-p", scene.port(), "--stop-timeout", "200ms", "--",
                                    "actor", "ignore-term", scene.port()});
    once.wait_for_output("listening");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    check_nothing_left(scene);
}

TEST_CASE("the stop timeout is waited for before a job is killed", "[stop]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--stop-timeout", "1h", "--", "actor", "print-signals",
                                    "--exit-on", "USR1", "--exit-code", 3});
    const pid_t leader = once.ready_pid();
    once.signal(SIGTERM);
    once.wait_for_output("got SIGTERM");
    remains([&] { return alive(leader); }, std::chrono::milliseconds(300), "the job");
    REQUIRE(kill(leader, SIGUSR1) == 0);
    CHECK(once.wait_ending() == exited(3));
    check_nothing_left(scene);
}

TEST_CASE("the option --stop-signal says how the command is asked to end", "[stop]") {
    Scenario scene;
    for (const char* name : {"INT", "SIGQUIT", "USR2"}) {
        const auto once =
            scene.launch({"once", "--stop-signal", name, "--stop-timeout", "1h", "--", "actor",
                          "print-signals", "--exit-on", name, "--exit-code", 4});
        (void)once.ready_pid();
        once.signal(SIGTERM);
        CHECK(once.wait_ending() == exited(4));
        CHECK(times_got(once.stdout_text(), "SIGTERM") == 0);
        CHECK(count(once.stdout_text(), "signals 1\n") == 1);
    }
    check_nothing_left(scene);
}

TEST_CASE("with --stop-signal KILL nobody is asked", "[stop]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "--stop-signal", "KILL", "--stop-timeout", "1h", "--", "actor", "ignore-term"});
    (void)once.ready_pid();
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    check_nothing_left(scene);
}

TEST_CASE("a second TERM is passed on, and does not wind the clock up again", "[stop]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "--stop-timeout", "1h", "--", "actor", "print-signals", "--exit-on", "USR1"});
    (void)once.ready_pid();
    once.signal(SIGTERM);
    once.wait_for_output("got SIGTERM");
    once.signal(SIGTERM);
    eventually([&] { return times_got(once.stdout_text(), "SIGTERM") == 2; }, "the second TERM");
    once.signal(SIGUSR1);
    CHECK(once.wait_ending() == exited(0));
    check_nothing_left(scene);
}

TEST_CASE("a stopped leader is continued, so that it can end", "[stop]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--stop-timeout", "1h", "--", "actor", "stopped"});
    const pid_t leader = once.ready_pid();
    eventually([&] { return process_state(leader) == 'T'; }, "the leader has stopped");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    check_nothing_left(scene);
}

TEST_CASE("with a stopped leader all of the job is continued, so that it can end its worker",
          "[stop]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "--stop-timeout", "1h", "--", "sh", "-c",
         "trap 'kill $worker; wait $worker; exit 7' TERM; actor print-signals & worker=$!; wait"});
    const pid_t worker = once.ready_pid();
    const pid_t leader = parent_of(worker);
    for (const pid_t pid : {worker, leader}) {
        REQUIRE(kill(pid, SIGSTOP) == 0);
        eventually([&] { return process_state(pid) == 'T'; }, "it has stopped");
    }
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == exited(7));
    check_nothing_left(scene);
}

TEST_CASE("a keeper that somebody has stopped carries an order out all the same", "[stop]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "--stop-timeout", "1h", "--", "actor", "print-signals"});
    const pid_t keeper = parent_of(once.ready_pid());
    REQUIRE(kill(keeper, SIGSTOP) == 0);
    eventually([&] { return process_state(keeper) == 'T'; }, "the keeper has stopped");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == exited(0));
    CHECK(once.stdout_text().find("SIGCONT") == std::string::npos);
    check_nothing_left(scene);
}

TEST_CASE("a command that stops its keeper at once is heard of all the same", "[stop]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--stop-timeout", "1h", "--", "sh", "-c",
                                    "kill -STOP $PPID; exec actor print-signals"});
    (void)once.ready_pid();
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == exited(0));
    check_nothing_left(scene);
}

TEST_CASE("those who are left when the leader is gone get TERM and CONT", "[stop]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--stop-timeout", "1h", "--", "sh", "-c",
                                    "actor print-signals --exit-on CONT & read line; exit 7"},
                                   {.input = Input::pipe});
    (void)once.ready_pid();
    once.write_input("go\n");
    CHECK(once.wait_ending() == exited(7));
    CHECK(times_got(once.stdout_text(), "SIGTERM") == 1);
    CHECK(times_got(once.stdout_text(), "SIGCONT") == 1);
    CHECK(count(once.stdout_text(), "signals 2\n") == 1);
    check_nothing_left(scene);
}

TEST_CASE("the others of a job are not asked before the leader has ended", "[stop]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "--stop-timeout", "1h", "--", "sh", "-c",
                      "actor print-signals --exit-on CONT & exec actor listen-slow-stop " +
                          std::to_string(scene.port()) + " 300"});
    once.wait_for_output("listening");
    eventually([&] { return count(once.stdout_text(), "ready ") == 2; }, "both are ready");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == exited(0));
    const std::string& seen = once.stdout_text();
    CHECK(seen.find("stopped\n") < seen.find("got SIGTERM"));
    check_nothing_left(scene);
}

TEST_CASE("who is left and does not hear a TERM is killed after the stop timeout", "[stop]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--stop-timeout", "200ms", "--", "sh", "-c",
                                    "actor ignore-term & read line; exit 7"},
                                   {.input = Input::pipe});
    (void)once.ready_pid();
    once.write_input("go\n");
    CHECK(once.wait_ending() == exited(7));
    check_nothing_left(scene);
}

TEST_CASE("who is left and stopped is continued, so that it can end", "[stop]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "--stop-timeout", "1h", "--", "sh", "-c", "actor stopped & read line; exit 7"},
        {.input = Input::pipe});
    const pid_t stopped = once.ready_pid();
    eventually([&] { return process_state(stopped) == 'T'; }, "it has stopped");
    once.write_input("go\n");
    CHECK(once.wait_ending() == exited(7));
    check_nothing_left(scene);
}

TEST_CASE("while those who are left end, the slot stays held", "[stop]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-p", scene.port(), "--stop-timeout", "1h", "--", "sh",
                                    "-c", "actor ignore-term & read line; exit 7"},
                                   {.input = Input::pipe});
    const pid_t left = once.ready_pid();
    once.write_input("go\n");
    eventually([&] { return parent_of(left) == keeper_of(once.pid()); }, "the leader is gone");
    CHECK(scene.run({"once", "--refuse", "-p", scene.port(), "--", "true"}).ending == exited(75));
    CHECK_FALSE(once.ended());
    REQUIRE(kill(left, SIGKILL) == 0);
    CHECK(once.wait_ending() == exited(7));
    check_nothing_left(scene);
}

TEST_CASE("a command that does not end in its time is killed, and that is said", "[stop]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "--stop-timeout", "200ms", "--", "actor", "ignore-term"});
    (void)once.ready_pid();
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    CHECK(once.stderr_text() ==
          "once: 'actor ignore-term' did not end within 200 ms (--stop-timeout), and was killed\n");
    check_nothing_left(scene);
}
