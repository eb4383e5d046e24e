// --force: strangers are ended as whole jobs, the root first, and nobody else.

#include <signal.h>

#include <filesystem>

#include "forcing.hpp"
#include "terminal.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

std::string text(int number) { return std::to_string(number); }

}  // namespace

TEST_CASE("a launch with --force ends a stranger's whole chain, then runs", "[force]") {
    Scenario scene;
    const auto top = scene.launch({"sh", "-c", "sh -c '" + listener(scene) + "; :'; :"});
    top.wait_for_output("listening");
    const pid_t last = top.ready_pid();
    const pid_t middle = parent_of(last);
    const auto holder = hold_port(scene, {"--force"});
    CHECK(top.ended());
    CHECK_FALSE(alive(middle));
    CHECK_FALSE(alive(last));
    CHECK_THAT(holder.once.stderr_text(),
               has("ending 'sh -c sh -c") && has(pid_text(top.pid())) &&
                   has(text(top.pid()) + " " + text(middle) + " " + text(last)));
    CHECK(listener_pids(scene.port()) == std::vector<pid_t>{holder.leader});
    CHECK(scene.survivors().size() == 3);  // once, its keeper, its job
}

TEST_CASE("a stop with --force ends a stranger's whole chain, and frees the port", "[force]") {
    Scenario scene;
    const auto top = scene.launch({"sh", "-c", "sh -c '" + listener(scene) + "; :'; :"});
    top.wait_for_output("listening");
    const auto stopped = scene.run(stop_by_force(scene));
    CHECK(stopped.ending == exited(0));
    CHECK_THAT(stopped.stderr_text,
               has("ending 'sh -c sh -c") && has("port " + text(scene.port()) + " is free\n"));
    CHECK(stopped.stdout_text.empty());
    CHECK(scene.survivors().empty());
    CHECK_FALSE(listening(scene.port()));
}

TEST_CASE("of a runner with several jobs only the branch that listens is ended", "[force]") {
    Scenario scene;
    const auto runner = scene.launch(
        {"sh", "-c", "sh -c '" + listener(scene) + "; :' & actor print-signals & wait; wait; :"});
    runner.wait_for_output("listening");
    eventually([&] { return count(runner.stdout_text(), "ready ") == 2; }, "both run");
    const pid_t branch = parent_of(listener_pids(scene.port()).at(0));
    const auto siblings = children_of(runner.pid());
    REQUIRE(siblings.size() == 2);
    const pid_t sibling = siblings.at(0) == branch ? siblings.at(1) : siblings.at(0);
    CHECK(scene.run(stop_by_force(scene)).ending == exited(0));
    CHECK_FALSE(alive(branch));
    CHECK_FALSE(listening(scene.port()));
    CHECK_FALSE(runner.ended());
    REQUIRE(kill(sibling, SIGUSR1) == 0);
    runner.wait_for_output("got SIGUSR1");
    REQUIRE(kill(sibling, SIGTERM) == 0);
    runner.wait_for_output("got SIGTERM");
    CHECK(count(runner.stdout_text(), "got ") == 2);
    CHECK(runner.wait_ending() == exited(0));
}

TEST_CASE("a shell that somebody types into is never ended with what it has started", "[force]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line(listener(scene) + " & actor listen " + text(scene.another_port()) + " &");
    terminal.wait_for_pid_after("ready");
    terminal.wait_for_pid_after("ready");
    eventually([&] { return listening(scene.port()); }, "it listens");
    CHECK(scene.run(stop_by_force(scene)).ending == exited(0));
    CHECK_FALSE(listening(scene.port()));
    CHECK_FALSE(shell.ended());
    CHECK(children_of(shell.pid()).size() == 1);
    terminal.type_line("echo st''ill here; kill %2");
    terminal.wait_for("still here");
}

TEST_CASE("a shell that somebody types into lives on when its only job is ended", "[force]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line(listener(scene));
    terminal.wait_for_pid_after("ready");
    terminal.wait_for("listening");
    CHECK(scene.run(stop_by_force(scene)).ending == exited(0));
    terminal.wait_for_prompt();
    CHECK_FALSE(shell.ended());
}

TEST_CASE("a client with an open connection to the port lives", "[force]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    const auto client = scene.launch({"actor", "connect-from", scene.another_port(), scene.port()});
    client.wait_for_output("connected");
    const auto holder = hold_port(scene, {"--force"});
    CHECK(stranger.wait_ending() == killed_by(SIGTERM));
    CHECK(alive(client.pid()));
    CHECK(process_state(client.pid()) == 'S');
}

TEST_CASE("a stranger that ignores TERM is killed after the stop timeout", "[force]") {
    Scenario scene;
    const auto stubborn = scene.launch({"actor", "ignore-term", scene.port()});
    stubborn.wait_for_output("listening");
    const auto begun = boot_time();
    (void)hold_port(scene, {"--force", "--stop-timeout", "300ms"});
    CHECK(boot_time() - begun >= 300'000'000);
    CHECK(stubborn.wait_ending() == killed_by(SIGKILL));
}

TEST_CASE("a stranger that stops slowly has its time", "[force]") {
    Scenario scene;
    const auto slow = scene.launch({"actor", "listen-slow-stop", scene.port(), 400});
    slow.wait_for_output("listening");
    CHECK(scene.run(stop_by_force(scene)).ending == exited(0));
    CHECK(slow.wait_ending() == exited(0));
    CHECK_THAT(slow.stdout_text(), has("stopped"));
}

TEST_CASE("a stranger that is suspended is ended", "[force]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    REQUIRE(kill(stranger.pid(), SIGSTOP) == 0);
    eventually([&] { return process_state(stranger.pid()) == 'T'; }, "it is stopped");
    CHECK(scene.run(stop_by_force(scene)).ending == exited(0));
    CHECK(stranger.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("the root of a stranger is asked first, and ends its worker itself", "[force]") {
    Scenario scene;
    const auto root = scene.launch({"sh", "-c",
                                    "trap 'kill -USR1 $!; wait $!; echo root done; exit 3' TERM; "
                                    "sh -c 'trap \"echo worker done; kill \\$! ; exit\" USR1; "
                                    "trap \"echo worker asked\" TERM; " +
                                        listener(scene) + " & wait; wait' & wait"});
    root.wait_for_output("listening");
    CHECK(scene.run(stop_by_force(scene)).ending == exited(0));
    CHECK(root.wait_ending() == exited(3));
    CHECK_THAT(root.stdout_text(), has("worker done\nroot done\n") && !has("worker asked"));
    CHECK(scene.survivors().empty());
}

TEST_CASE("what a stranger starts while it is ended is ended as well", "[force]") {
    Scenario scene;
    const auto root = scene.launch(
        {"sh", "-c",
         "trap 'sleep 1000 & echo one more; exit 3' TERM; " + listener(scene) + " & wait"});
    root.wait_for_output("listening");
    CHECK(scene.run(stop_by_force(scene)).ending == exited(0));
    CHECK(root.wait_ending() == exited(3));
    CHECK_THAT(root.stdout_text(), has("one more"));
    CHECK(scene.survivors().empty());
}

TEST_CASE("a fork that shares the socket is ended with its parent", "[force]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "share-socket", scene.port(), 300});
    const pid_t child = stranger.pid_after("shared");
    (void)hold_port(scene, {"--force"});
    CHECK(stranger.ended());
    CHECK_FALSE(alive(child));
}

TEST_CASE("two strangers on one port are both ended", "[force]") {
    Scenario scene;
    for (const Command& command : {stop_by_force(scene), launch_by_force(scene)}) {
        const auto four = scene.launch({"actor", "listen", scene.port(), "0.0.0.0"});
        const auto six = scene.launch({"actor", "listen", scene.port(), "::1"});
        four.wait_for_output("listening");
        six.wait_for_output("listening");
        CHECK(scene.run(command).ending == exited(0));
        CHECK(four.wait_ending() == killed_by(SIGTERM));
        CHECK(six.wait_ending() == killed_by(SIGTERM));
    }
    CHECK(fs::exists(scene.folder() / "done"));
}

TEST_CASE("a listener that comes back is reported with 75, and not fought", "[force]") {
    Scenario scene;
    for (const Command& command : {stop_by_force(scene), launch_by_force(scene)}) {
        const auto loop = scene.launch(
            {"sh", "-c", "actor ignore-term & while :; do " + listener(scene) + "; done"});
        eventually([&] { return count(loop.stdout_text(), "ready ") == 2; }, "both run");
        loop.wait_for_output("listening");
        const auto refused = scene.run(command);
        CHECK(refused.ending == exited(75));
        CHECK_THAT(refused.stderr_text,
                   has("ending 'actor listen") &&
                       has("somebody has started it again: port " + text(scene.port())) &&
                       has(" by sh (pid " + text(loop.pid()) + ")"));
        CHECK(count(loop.stdout_text(), "listening") == 2);
        const auto children = children_of(loop.pid());
        end(loop.pid());
        for (const pid_t pid : children) end(pid);
    }
    CHECK_FALSE(fs::exists(scene.folder() / "done"));
    CHECK(state_files(scene, ".json").empty());
}

TEST_CASE("a holder of another folder is replaced with --force, asked first and told by whom",
          "[force][replace]") {
    Scenario scene;
    const auto elsewhere = scene.another_folder("elsewhere");
    const auto holder = scene.launch(
        {"once", "-p", scene.port(), "--", "actor", "listen-slow-stop", scene.port(), 200},
        {.folder = elsewhere});
    holder.wait_for_output("listening");
    const auto next = hold_port(scene, {"--force"});
    CHECK(holder.wait_ending() == exited(0));
    CHECK_THAT(holder.stdout_text(), has("stopping\nstopped\n"));
    CHECK_THAT(holder.stderr_text(), has("once: replaced by 'actor lock") &&
                                         has(pid_text(next.once.pid())) &&
                                         has(" in " + scene.folder().string() + ","));
    CHECK_THAT(next.once.stderr_text(), has("once: replaced 'actor listen-slow-stop") &&
                                            has(pid_text(holder.pid())) && !has("ending "));
    CHECK(scene.survivors().size() == 3);
}

TEST_CASE("what a crashed job of another folder left is swept with --force", "[force][crash]") {
    Scenario scene;
    const auto crashed = hold_with_child(scene, {"-p", scene.port(), "--stop-timeout", "300ms"},
                                         {.folder = scene.another_folder("elsewhere")});
    const pid_t rest = crashed.once.pid_after("ready");
    kill_both(crashed);
    const auto next = hold_port(scene, {"--force"});
    CHECK_FALSE(alive(rest));
    CHECK_THAT(next.once.stderr_text(), has(": pid " + text(rest)));
}

TEST_CASE("a job of once on a port that it has not claimed is ended through its once", "[force]") {
    Scenario scene;
    for (const Command& command : {stop_by_force(scene), launch_by_force(scene)}) {
        // Its leader ignores TERM: only its own once knows how long to wait for it.
        const auto other = scene.launch(
            {"once", "-n", "x", "--stop-timeout", "300ms", "--", "sh", "-c",
             "trap 'echo asked' TERM; " + listener(scene) + " & while :; do wait; done"});
        other.wait_for_output("listening");
        const auto forced = scene.run(command);
        CHECK(forced.ending == exited(0));
        CHECK_THAT(forced.stderr_text, has("ending 'sh -c trap") && has(pid_text(other.pid())));
        CHECK(other.ended());
        CHECK(other.wait_ending() == killed_by(SIGKILL));
        CHECK(count(other.stdout_text(), "asked") == 1);
        CHECK(scene.survivors().empty());
        CHECK(state_files(scene, ".json").empty());
    }
}

TEST_CASE("without --force a job of once on an unclaimed port is left alone, with how to end it",
          "[force]") {
    Scenario scene;
    const auto other = scene.launch({"once", "-n", "x", "--", "actor", "listen", scene.port()});
    other.wait_for_output("listening");
    const auto refused = scene.run({"once", "-p", scene.port(), "--", "true"});
    CHECK(refused.ending == exited(75));
    CHECK_THAT(refused.stderr_text,
               has("is held by 'actor listen") && has("to end it: once stop x"));
    CHECK_FALSE(other.ended());
}

TEST_CASE("the option --force with nobody in the way is a launch like others", "[force]") {
    Scenario scene;
    const auto finished = scene.run({"once", "--force", "-p", scene.port(), "--", "echo", "ran"});
    CHECK(finished.ending == exited(0));
    CHECK(finished.stdout_text == "ran\n");
    CHECK(finished.stderr_text.empty());
}

TEST_CASE("the option --force ends nobody for a command that cannot be run", "[force]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    CHECK(scene.run({"once", "--force", "-p", scene.port(), "--", "no-such-command"}).ending ==
          exited(127));
    CHECK(alive(stranger.pid()));
}

TEST_CASE("the option --force with --dry-run says whom it would end, and ends nobody",
          "[force][dry-run]") {
    Scenario scene;
    const auto stranger = scene.launch({"sh", "-c", listener(scene) + "; :"});
    stranger.wait_for_output("listening");
    auto command = launch_by_force(scene);
    command.insert(command.begin() + 1, "--dry-run");
    const auto foreseen = scene.run(command);
    CHECK(foreseen.ending == exited(0));
    CHECK_THAT(foreseen.stderr_text,
               has("would end 'sh -c actor listen") &&
                   has(text(stranger.pid()) + " " + text(stranger.ready_pid())) &&
                   has("would run 'touch done'"));
    CHECK(listening(scene.port()));
    CHECK_FALSE(fs::exists(scene.folder() / "done"));
    end(stranger.ready_pid());
}

TEST_CASE("the option --force contradicts --refuse and --wait", "[force][command-line][bad]") {
    Scenario scene;
    for (const char* policy : {"--refuse", "--wait", "-w1s"}) {
        for (const bool is_first : {true, false}) {
            Command command{"once", is_first ? "--force" : policy, is_first ? policy : "--force"};
            command.insert(command.end(), {"-p", scene.port(), "--", "touch", "done"});
            const auto refused = scene.run(command);
            CHECK(refused.ending == exited(125));
            CHECK_THAT(refused.stderr_text, has("--force and --") && has("contradict each other"));
            CHECK(count(refused.stderr_text, "\n") == 1);
        }
    }
    CHECK_FALSE(fs::exists(scene.folder() / "done"));
    CHECK_FALSE(fs::exists(scene.state_folder()));
}

TEST_CASE("the option --force is said here and now: more than ONCE_POLICY", "[force]") {
    Scenario scene;
    scene.set("ONCE_POLICY", "refuse");
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    CHECK(scene.run({"once", "-p", scene.port(), "--", "true"}).ending == exited(75));
    CHECK(scene.run(launch_by_force(scene)).ending == exited(0));
    CHECK(stranger.ended());
}

TEST_CASE("stop --force ends no stranger if another of its targets must not be ended",
          "[force][stop]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    const auto job = scene.launch({"once", "-n", "x", "--", "sh", "-c",
                                   "once stop --force " + std::to_string(scene.port()) +
                                       " x; echo status $?; exec actor print-signals"});
    job.wait_for_output("ready");
    CHECK_THAT(job.stdout_text(), has("status 75\n"));
    CHECK_FALSE(stranger.ended());
    const auto twice = scene.run({"once", "stop", "--force", scene.port(), scene.port()});
    CHECK(twice.ending == exited(0));
    CHECK(count(twice.stderr_text, "is free") == 1);
    CHECK(stranger.wait_ending() == killed_by(SIGTERM));
}
