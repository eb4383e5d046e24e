// The option --restart: a command that is launched again when it has ended.

#include <signal.h>

#include <filesystem>

#include "aftermath.hpp"
#include "background.hpp"
#include "holding.hpp"
#include "surroundings.hpp"
#include "terminal.hpp"

using namespace once::test;

namespace {

std::string text(int number) { return std::to_string(number); }

/// Counts its runs in a file, and does then as `script` says; $run is which one this is.
Command counted(const std::string& script) {
    return {"sh", "-c", "echo run >> runs; run=$(($(wc -l < runs))); " + script};
}

int runs(const Scenario& scene) { return count(scene.read_file("runs"), "run\n"); }

}  // namespace

TEST_CASE("a command that has ended well is not started again on-failure", "[restart]") {
    Scenario scene;
    for (const char* when : {"on-failure", "never"}) {
        const auto once = scene.run(with_options({"--restart", when}, counted("exit 0")));
        CHECK(once.ending == exited(0));
        CHECK(once.stderr_text.empty());
    }
    CHECK(runs(scene) == 2);
    check_nothing_left(scene);
}

TEST_CASE("a command that failed is started again after 100 ms, and then twice as long each time",
          "[restart]") {
    Scenario scene;
    const auto once =
        scene.run(with_options({"--restart", "on-failure"}, counted("[ $run -ge 4 ]")));
    CHECK(once.ending == exited(0));
    CHECK(runs(scene) == 4);
    for (const char* pause : {"100 ms", "200 ms", "400 ms"}) {
        CHECK_THAT(once.stderr_text, has(std::string("; starting it again in ") + pause + "\n"));
    }
    CHECK(count(once.stderr_text, "' exited with 1 after ") == 3);
    CHECK(count(once.stderr_text, "\n") == 3);
    check_nothing_left(scene);
}

TEST_CASE("with always a command that has ended well is started again too, until it is enough",
          "[restart]") {
    Scenario scene;
    const auto once =
        scene.run(with_options({"--restart", "always", "--max-restarts", "2"}, counted("exit 0")));
    CHECK(once.ending == exited(0));
    CHECK(runs(scene) == 3);
    CHECK_THAT(once.stderr_text,
               has("' was started again 2 times and did not stay up for 10 s; that is enough\n"));
    check_nothing_left(scene);
}

TEST_CASE("a command that is given up ends once as its last run did", "[restart]") {
    Scenario scene;
    const Command options{"--restart", "on-failure", "--max-restarts", "1"};
    CHECK(scene.run(with_options(options, counted("exit $run"))).ending == exited(2));
    const auto killed = scene.run(with_options(options, {"actor", "die", "KILL"}));
    CHECK(killed.ending == killed_by(SIGKILL));
    CHECK(count(killed.stdout_text, "ready") == 2);
    CHECK_THAT(killed.stderr_text, has("was killed by signal 9 after ") &&
                                       has("was started again 1 time and did not stay up"));
    check_nothing_left(scene);
}

TEST_CASE("a run that lasted begins a new row of restarts", "[restart]") {
    Scenario scene;
    const auto once = scene.run(with_options(
        {"--restart=on-failure", "--max-restarts=1", "--min-uptime=0"}, counted("[ $run -ge 5 ]")));
    CHECK(once.ending == exited(0));
    CHECK(runs(scene) == 5);
    CHECK(count(once.stderr_text, "starting it again in 100 ms\n") == 4);
}

TEST_CASE("a job that was asked to end is not started again", "[restart]") {
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
        Scenario scene;
        const auto once = scene.launch(
            {"once", "--restart", "always", "--", "actor", "print-signals", "--exit-on", "TERM",
             "--exit-on", "INT", "--exit-on", "HUP", "--exit-on", "QUIT", "--exit-code", "4"});
        (void)once.ready_pid();
        once.signal(number);
        CHECK(once.wait_ending() == exited(4));
        CHECK(count(once.stdout_text(), "ready") == 1);
        CHECK(once.stderr_text().empty());
        check_nothing_left(scene);
    }
}

TEST_CASE("a job that is stopped or replaced is not started again", "[restart]") {
    Scenario scene;
    const Command first{"once", "-n", "x", "--restart", "always", "--", "actor", "print-signals"};
    const auto stopped = scene.launch(first);
    (void)stopped.ready_pid();
    CHECK(scene.run({"once", "stop", "x"}).ending == exited(0));
    CHECK(stopped.wait_ending() == exited(0));
    const auto replaced = scene.launch(first);
    (void)replaced.ready_pid();
    const auto next = hold(scene, {"-n", "x"});
    CHECK(replaced.wait_ending() == exited(0));
    CHECK(count(stopped.stdout_text() + replaced.stdout_text(), "ready") == 2);
}

TEST_CASE("a Ctrl-C ends a job that would be started again", "[restart][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once --restart=always -- actor print-signals --exit-on INT");
    (void)terminal.wait_for_pid_after("ready");
    terminal.press_ctrl_c();
    terminal.wait_for("signals 1");
    terminal.wait_for_prompt();
    CHECK(count(terminal.screen(), "once: ") == 0);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("at no time between its runs has anybody else the slot", "[restart]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-n", "x", "--restart=always", "--min-uptime=0", "--",
                                    "sh", "-c", "echo run >> runs"});
    eventually([&] { return runs(scene) > 0; }, "its first run");
    int refused = 0;
    for (int i = 0; runs(scene) < 8 || i < 20; ++i) {
        refused = scene.run({"once", "--refuse", "-n", "x", "--", "true"}).ending == exited(75)
                      ? refused + 1
                      : -1000;
        REQUIRE(refused > 0);
    }
    once.signal(SIGTERM);
    (void)once.wait_ending();
    check_nothing_left(scene);
}

TEST_CASE("nobody of the first run lives beside the second", "[restart]") {
    Scenario scene;
    // What it leaves listens: the next run could not.
    const auto once = scene.run({"once", "-p", scene.port(), "--restart=always", "--max-restarts=2",
                                 "--", "actor", "fork-and-leave", scene.port()});
    CHECK(once.ending == exited(0));
    CHECK(count(once.stdout_text, "left ") == 3);
    CHECK(count(once.stderr_text, "actor: ") == 0);
    check_nothing_left(scene);
}

TEST_CASE("a keeper that is killed is a failure of its run", "[restart]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-n", "x", "--restart=on-failure", "--", "sh", "-c",
                                    "actor print-signals & actor print-signals"});
    wait_until_state(scene, "x", "running");
    const pid_t first = status_pid(scene, "x", "leader");
    const auto blocked = [&] {
        const auto status = whole_file("/proc/" + text(once.pid()) + "/status");
        return status.substr(status.find("SigBlk:"),
                             std::string_view("SigBlk:\t0123456789abcdef").size());
    };
    const auto blocked_before = blocked();
    REQUIRE(kill(keeper_of(once.pid()), SIGKILL) == 0);
    once.wait_for_error("the keeper of 'sh");
    once.wait_for_error("starting it again in 100 ms");
    eventually(
        [&] {
            const pid_t next = status_pid(scene, "x", "leader");
            return next != 0 && next != first;
        },
        "another leader");
    CHECK_FALSE(alive(first));
    eventually([&] { return descendants(once.pid()).size() == 4; },
               "a keeper with one job of three processes");
    // Of what it has blocked as a keeper job control is none of its own.
    CHECK(blocked() == blocked_before);
    once.signal(SIGKILL);
    await_nothing_left(scene);
}

TEST_CASE("the pid file has the pid of the run, and none between two runs", "[restart]") {
    Scenario scene;
    const auto once =
        scene.launch(with_options({"-n", "x", "--restart=on-failure", "--pid-file", "x.pid"},
                                  counted("[ $run = 1 ] && cat x.pid; [ $run -ge 3 ] && exec actor "
                                          "print-signals; exit 1")));
    const pid_t third = once.ready_pid();
    wait_for_text(scene.folder() / "x.pid", text(third) + "\n");
    wait_until_state(scene, "x", "running");  // its record comes after its pid file
    CHECK(status_value(scene, "x", "restarts") == "2");
    CHECK(status_pid(scene, "x", "leader") == third);
    CHECK(scene.run({"once", "status", "x"}).ending == exited(0));
    once.signal(SIGKILL);
    await_nothing_left(scene);
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "x.pid"));
}

TEST_CASE("stdin and stdout of the second run are those of the first", "[restart]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--restart=always", "--max-restarts=2", "--", "sh",
                                    "-c", "read line; echo \"got $line\"; actor print-fds"},
                                   {.input = Input::pipe});
    once.write_input("one\n");
    once.wait_for_error("starting it again in 100 ms");
    once.write_input("two\nthree\n");
    CHECK(once.wait_ending() == exited(0));
    for (const char* line : {"got one\n", "got two\n", "got three\n"}) {
        CHECK_THAT(once.stdout_text(), has(line));
    }
    CHECK(count(once.stdout_text(), "\nfd ") == 9);
}

TEST_CASE("a run that does not become ready is a failure, and 69 if it was the last", "[restart]") {
    Scenario scene;
    const auto once =
        scene.run({"once", "-p", scene.port(), "--ready=200ms", "--restart=on-failure",
                   "--max-restarts=1", "--", "actor", "print-signals"});
    CHECK(once.ending == exited(69));
    CHECK(count(once.stdout_text, "ready") == 2);
    CHECK(count(once.stderr_text, "was not ready within 200 ms: it does not listen") == 2);
    CHECK_THAT(once.stderr_text, has("; starting it again in 100 ms"));
    check_nothing_left(scene);
}

TEST_CASE("with --group own every run has the terminal", "[restart][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once --group own --restart=always --max-restarts=1 -- actor read-line");
    for (const char* word : {"one", "two"}) {
        (void)terminal.wait_for_pid_after("ready");
        terminal.type_line(word);
        terminal.wait_for(std::string("line: ") + word);
    }
    terminal.wait_for("that is enough");
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a command that is gone when its next run is due ends once with 127", "[restart]") {
    Scenario scene;
    const auto script = scene.write_script("gone.sh", "rm gone.sh; exit 1\n");
    const auto once = scene.run({"once", "-n", "x", "--restart=always", "--", script});
    CHECK(once.ending == exited(127));
    CHECK(count(once.stderr_text, "gone.sh") >= 2);
    check_nothing_left(scene);
}

TEST_CASE("a command that lost its port to a stranger before it was ready is not started again: 69",
          "[restart][ready]") {
    Scenario scene;
    const auto once = scene.launch(with_options(
        {"-p", scene.port(), "--ready", "--restart", "on-failure"}, {"actor", "print-signals"}));
    (void)once.ready_pid();
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    CHECK(once.wait_ending() == exited(69));
    CHECK_THAT(once.stderr_text(),
               has("did not become ready") && has(pid_text(stranger.pid())) && !has("again"));
    CHECK_FALSE(stranger.ended());
}

TEST_CASE("a command that ends well before it is ready has failed, and is started again",
          "[restart][ready]") {
    Scenario scene;
    const auto once = scene.run(with_options(
        {"-p", scene.port(), "--ready", "--restart", "on-failure", "--max-restarts", 2},
        counted("exit 0")));
    CHECK(once.ending == exited(69));
    CHECK(runs(scene) == 3);
    CHECK(count(once.stderr_text, ", before it was ready; starting it again in ") == 2);
    CHECK_THAT(once.stderr_text, has("exited with 0, and was not ready before"));
    check_nothing_left(scene);
}
