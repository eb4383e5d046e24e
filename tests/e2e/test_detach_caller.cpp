// The option --detach, seen by its caller: when it comes back, and with what.

#include <signal.h>

#include <filesystem>

#include "aftermath.hpp"
#include "background.hpp"
#include "holding.hpp"

using namespace once::test;
using namespace std::chrono_literals;

namespace {

std::string text(int number) { return std::to_string(number); }

/// `once -d -p PORT OPTIONS -- JOB`.
Command on_port(Scenario& scene, const Command& options, const Command& job) {
    Command all{"-d", "-p", scene.port()};
    all.insert(all.end(), options.begin(), options.end());
    return with_options(all, job);
}

/// A launch in the background that never becomes ready, whose caller waits for that.
Running wait_in_vain(Scenario& scene) {
    auto caller = scene.launch(on_port(scene, {"--ready=20s"}, {"actor", "print-signals"}));
    wait_until_state(scene, scene.port(), "starting");
    CHECK_FALSE(caller.ended());
    return caller;
}

}  // namespace

TEST_CASE("with --ready a launch in the background comes back when its job is ready", "[detach]") {
    Scenario scene;
    const auto gate = make_gate(scene);
    const auto caller = scene.launch(
        on_port(scene, {"--ready"},
                {"sh", "-c",
                 "read line < " + gate.string() + "; exec actor listen " + text(scene.port())}));
    wait_until_state(scene, scene.port(), "starting");
    remains([&] { return !caller.ended(); }, 300ms, "the caller");
    open_gate(gate);
    CHECK(caller.wait_ending() == exited(0));
    CHECK(listening(scene.port()));
    CHECK(status_value(scene, scene.port(), "state") == "ready");
    CHECK(caller.stderr_text().empty());
    stop(scene, scene.port());
}

TEST_CASE("if its job ends instead the caller gets its status and the last 20 lines of its log",
          "[detach]") {
    Scenario scene;
    const auto caller = scene.run(on_port(scene, {"--ready"}, {"sh", "-c", "seq 101 130; exit 3"}));
    CHECK(caller.ending == exited(3));
    CHECK(caller.stdout_text.empty());
    std::string last;
    for (int i = 111; i <= 130; ++i) last += text(i) + "\n";
    CHECK_THAT(caller.stderr_text, has("once: the end of its log, ") && has(".log:\n" + last) &&
                                       has("exited with 3 before it was ready\n"));
    CHECK(count(caller.stderr_text, "\n") == 22);
    check_nothing_left(scene);
    const auto killed = scene.run(on_port(scene, {"--ready"}, {"actor", "die", "KILL"}));
    CHECK(killed.ending == killed_by(SIGKILL));
    check_nothing_left(scene);
}

TEST_CASE("if its job is not ready in time the caller gets 69, why, and the end of its log",
          "[detach]") {
    Scenario scene;
    const auto caller = scene.run(on_port(scene, {"--ready=400ms"}, {"actor", "print-signals"}));
    CHECK(caller.ending == exited(69));
    CHECK_THAT(caller.stderr_text,
               has("got SIGTERM") && has("was not ready within 400 ms: it does not listen"));
    check_nothing_left(scene);
}

TEST_CASE("what keeps a launch in the background from starting is the caller's to hear",
          "[detach]") {
    Scenario scene;
    const auto unknown = scene.run({"once", "-d", "--", "no-such-command"});
    CHECK(unknown.ending == exited(127));
    CHECK_THAT(unknown.stderr_text, has("no-such-command"));
    const auto late =
        scene.run({"once", "-d", "--wait-for", "file:nowhere", "--wait-timeout=0", "--", "true"});
    CHECK(late.ending == exited(69));
    CHECK_THAT(late.stderr_text, has("file:nowhere"));
    check_nothing_left(scene);
}

TEST_CASE("a signal to the caller that waits ends the launch, and then the caller", "[detach]") {
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        Scenario scene;
        const auto caller = wait_in_vain(scene);
        caller.signal(number);
        CHECK(caller.wait_ending() == killed_by(number));
        check_nothing_left(scene);
    }
}

TEST_CASE("a caller that is killed while it waits ends the launch", "[detach]") {
    Scenario scene;
    const auto caller = wait_in_vain(scene);
    caller.signal(SIGKILL);
    CHECK(caller.wait_ending() == killed_by(SIGKILL));
    await_nothing_left(scene);
}

TEST_CASE("a caller that is killed while its job backs off ends the launch", "[detach]") {
    Scenario scene;
    const auto caller = scene.launch(on_port(scene, {"--ready", "--restart=on-failure"},
                                             {"sh", "-c", "echo run >> runs; exit 1"}));
    caller.wait_for_error("starting it again in 3.2 s");
    caller.signal(SIGKILL);
    CHECK(within(2000ms, [&] { return scene.survivors().empty(); }));
    CHECK(count(scene.read_file("runs"), "run\n") == 6);
    check_nothing_left(scene);
}

TEST_CASE("a caller gets 0 when its job is up after some restarts", "[detach]") {
    Scenario scene;
    const auto caller =
        scene.run(on_port(scene, {"--ready", "--restart=on-failure"},
                          {"sh", "-c",
                           "echo run >> runs; [ $(wc -l < runs) -ge 3 ] && exec actor listen " +
                               text(scene.port()) + "; exit 1"}));
    CHECK(caller.ending == exited(0));
    CHECK(count(caller.stderr_text, "starting it again") == 2);
    CHECK(listening(scene.port()));
    stop(scene, scene.port());
}

TEST_CASE("what is answered when the slot is held is answered to a launch in the background too",
          "[detach]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    const auto launch = [&](const Command& options) {
        Command all{"-d", "-n", "x"};
        all.insert(all.end(), options.begin(), options.end());
        return scene.run(with_options(all, {"actor", "exit", 9}));
    };
    const auto refused = launch({"--refuse"});
    CHECK(refused.ending == exited(75));
    CHECK_THAT(refused.stderr_text, has(pid_text(holder.once.pid())));
    CHECK(launch({"--refuse", "-E", "8"}).ending == exited(8));
    CHECK(launch({"--wait=300ms"}).ending == exited(75));
    const auto reused = launch({"--reuse"});
    CHECK(reused.ending == exited(0));
    CHECK_THAT(reused.stderr_text, has("already running"));
    CHECK(alive(holder.leader));
    CHECK(state_files(scene, ".log").empty());
}

TEST_CASE("a launch in the background waits for its turn before its caller may go", "[detach]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const auto caller =
        scene.launch({"once", "-d", "--wait", "-n", "x", "--", "actor", "print-signals"});
    caller.wait_for_error("waiting for");
    CHECK_FALSE(caller.ended());
    holder.once.signal(SIGTERM);
    CHECK(caller.wait_ending() == exited(0));
    stop(scene, "x");
}

TEST_CASE("a caller that is killed while a dependency is waited for leaves nothing", "[detach]") {
    Scenario scene;
    const auto caller =
        scene.launch({"once", "-d", "--wait-for", "file:nowhere", "--", "touch", "done"});
    caller.wait_for_error("waiting for file:nowhere");
    caller.signal(SIGKILL);
    await_nothing_left(scene);
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "done"));
}

TEST_CASE("a caller that ignores CHLD gets the status of its job all the same", "[detach]") {
    Scenario scene;
    const auto caller =
        scene.run(on_port(scene, {"--ready"}, {"actor", "exit", 3}), {.ignored = {SIGCHLD}});
    CHECK(caller.ending == exited(3));
    check_nothing_left(scene);
}
