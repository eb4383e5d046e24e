// The option --detach: a job in the background, and what is left of its caller.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "aftermath.hpp"
#include "background.hpp"
#include "holding.hpp"
#include "surroundings.hpp"
#include "terminal.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

std::string text(int number) { return std::to_string(number); }

}  // namespace

TEST_CASE("a launch in the background comes back with 0 and without a word, and runs on",
          "[detach]") {
    Scenario scene;
    const auto job = detach(scene, {}, {"actor", "print-signals"});
    CHECK(alive(job.leader));
    CHECK(status_value(scene, "x", "state") == "running");
    const auto shown = scene.run({"once", "logs", "x"});
    CHECK(shown.ending == exited(0));
    CHECK_THAT(shown.stdout_text, has("ready " + text(job.leader)));
    CHECK_THAT(scene.run({"once", "status"}).stdout_text, has(text(job.once)));
    stop(scene, "x");
    CHECK_THAT(whole_file(job.log), has("got SIGTERM") && has("once: stopped by 'once stop"));
}

TEST_CASE("a job in the background has nothing on stdin, no terminal, and a session of its once",
          "[detach]") {
    Scenario scene;
    const auto job = detach(
        scene, {}, {"sh", "-c", "actor print-fds; actor print-relations; exec actor print-signals"},
        {.input = Input::pipe});
    wait_for_text(job.log, "foreground none");
    const auto log = whole_file(job.log);
    CHECK_THAT(log, has("\nfd 0 -> /dev/null\nfd 1 -> pipe:") && has("\nfd 2 -> pipe:"));
    CHECK(count(log, "\nfd ") == 3);
    CHECK(session_of(job.once) == job.once);
    CHECK(session_of(job.leader) == job.once);
    CHECK(group_of(job.leader) == job.leader);
    REQUIRE(kill(job.once, SIGKILL) == 0);
    await_nothing_left(scene);
}

TEST_CASE("a shell that takes the output of a launch in the background gets on at once",
          "[detach]") {
    Scenario scene;
    for (const char* line : {"x=$(once -d -n x -- actor print-signals 2>&1); echo back",
                             "once -d -n x -- actor print-signals 2>&1 | cat; echo back"}) {
        const auto shell = scene.run({"sh", "-c", line});
        CHECK(shell.ending == exited(0));
        CHECK(shell.stdout_text == "back\n");
        const pid_t once = status_pid(scene, "x", "once");
        REQUIRE(kill(once, SIGKILL) == 0);
        await_nothing_left(scene);
    }
}

TEST_CASE("nothing that the caller had open stays open in the background", "[detach]") {
    Scenario scene;
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    REQUIRE(dup3(ends[1], 77, O_CLOEXEC) == 77);
    close(ends[1]);
    const auto caller = scene.launch({"once", "-d", "-n", "x", "--", "actor", "print-signals"},
                                     {.input = Input::pipe, .kept = {77}});
    CHECK(caller.wait_ending() == exited(0));
    close(77);
    eventually([&] { return caller.output_ended(); }, "nobody has its stdout or stderr");
    char byte = 0;
    CHECK(read(ends[0], &byte, 1) == 0);
    close(ends[0]);
    stop(scene, "x");
}

TEST_CASE("a job in the background outlives its terminal and its shell", "[detach][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -d -n x -- actor print-signals --exit-on TERM; echo d''one");
    terminal.wait_for("done");
    terminal.wait_for_prompt();
    const pid_t once = status_pid(scene, "x", "once");
    CHECK(status_pid(scene, "x", "starter") == shell.pid());
    terminal.close();
    (void)shell.wait_ending();
    CHECK(alive(once));
    const auto log = status_value(scene, "x", "log");
    stop(scene, "x");
    CHECK_THAT(whole_file(log), has("got SIGTERM"));
    CHECK(count(whole_file(log), "got SIG") == 1);
}

TEST_CASE("once or its keeper killed in the background: the job ends and the port is free",
          "[detach]") {
    for (const bool is_keeper : {false, true}) {
        Scenario scene;
        const auto job = detach(scene, {"-p", scene.port(), "--ready"},
                                {"sh", "-c", "actor listen " + text(scene.port()) + " & wait"});
        REQUIRE(kill(is_keeper ? job.keeper : job.once, SIGKILL) == 0);
        await_nothing_left(scene);
        CHECK(scene.run({"once", "--refuse", "-p", scene.port(), "--", "true"}).ending ==
              exited(0));
    }
}

TEST_CASE("a job in the background is replaced like any other", "[detach]") {
    Scenario scene;
    const auto first =
        detach(scene, {"--pid-file", "x.pid"}, {"actor", "lock", scene.folder() / "proof"});
    CHECK(scene.read_file("x.pid") == text(first.leader) + "\n");
    const auto again = scene.run(with_options({"-d", "-n", "x", "--pid-file", "x.pid"},
                                              {"actor", "lock", scene.folder() / "proof"}));
    CHECK(again.ending == exited(0));
    CHECK_THAT(again.stderr_text, has("replaced 'actor lock"));
    CHECK_FALSE(alive(first.once));
    const pid_t leader = status_pid(scene, "x", "leader");
    wait_for_text(first.log, "ready " + text(leader));
    CHECK(scene.read_file("x.pid") == text(leader) + "\n");
    CHECK(count(whole_file(first.log), "locked") + count(whole_file(first.log), "ready") >= 3);
    const auto foreground = hold(scene, {"-n", "x"});
    CHECK_FALSE(alive(leader));
    CHECK_FALSE(fs::exists(scene.folder() / "x.pid"));
}

TEST_CASE("with --with-parent a job in the background ends with who started it", "[detach]") {
    Scenario scene;
    const auto parent = scene.launch(
        {"sh", "-c", "once -d --with-parent -n x -- actor print-signals; echo up; read line"},
        {.input = Input::pipe});
    parent.wait_for_output("up");
    const auto log = status_value(scene, "x", "log");
    CHECK(status_value(scene, "x", "state") == "running");
    parent.signal(SIGKILL);
    await_nothing_left(scene);
    CHECK_THAT(whole_file(log),
               has("got SIGTERM") && has("the process that started once has ended"));
}

TEST_CASE("with --dry-run nothing goes to the background", "[detach]") {
    Scenario scene;
    const auto once =
        scene.run({"once", "-d", "--dry-run", "-n", "x", "--log", "x.log", "--", "touch", "done"});
    CHECK(once.ending == exited(0));
    CHECK_THAT(once.stderr_text, has("would run 'touch done'"));
    CHECK(tree(scene.folder()).empty());
    CHECK(state_files(scene, ".log").empty());
    check_nothing_left(scene);
}

TEST_CASE("with ONCE=0 nothing goes to the background", "[detach]") {
    Scenario scene;
    scene.set("ONCE", "0");
    const auto once = scene.run({"once", "-d", "-n", "x", "--", "actor", "exit", "4"});
    CHECK(once.ending == exited(4));
    CHECK_THAT(once.stdout_text, has("ready"));
}

TEST_CASE("a launch in the background needs no stdin, stdout or stderr", "[detach]") {
    Scenario scene;
    const auto shell = scene.run(
        {"sh", "-c",
         "once -d -n x -- sh -c 'actor print-fds; exec actor print-signals' <&- >&- 2>&-"});
    CHECK(shell.ending == exited(0));
    const auto log = status_value(scene, "x", "log");
    wait_for_text(log, "fd 2 -> pipe:");
    CHECK(count(whole_file(log), "\nfd ") == 3);
    stop(scene, "x");
}

TEST_CASE("what is left of a detached job whose keeper was killed is read on its way out",
          "[detach][keeper]") {
    Scenario scene;
    // More than a pipe holds.
    const auto script =
        scene.write_script("drain.sh",
                           "trap 'printf \"%200000s\\n\" x; echo drained; exit' TERM\n"
                           "echo trapped\n"
                           "while :; do sleep 0.02; done\n");
    const auto job =
        detach(scene, {"--stop-timeout", "1h"}, {"sh", "-c", script.string() + " & wait"});
    wait_for_text(job.log, "trapped");
    REQUIRE(kill(job.keeper, SIGKILL) == 0);
    wait_for_text(job.log, "drained\n");
    await_nothing_left(scene);
}
