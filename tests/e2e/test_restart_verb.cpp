// once restart: a running job is launched again, under the same once.

#include <signal.h>

#include <filesystem>
#include <vector>

#include "aftermath.hpp"
#include "background.hpp"
#include "holding.hpp"
#include "surroundings.hpp"
#include "terminal.hpp"

using namespace once::test;
using namespace std::chrono_literals;

namespace {

std::string text(int number) { return std::to_string(number); }

Finished restart(Scenario& scene, const Word& target, const Launch& how = {}) {
    return scene.run({"once", "restart", target}, how);
}

/// Waits at the gate each time, then listens; so often as it came, `come` is in `runs`.
Command listen_behind(Scenario& scene, const std::filesystem::path& gate) {
    return {"sh", "-c",
            "echo come >> runs; read line < " + gate.string() + "; exec actor listen " +
                text(scene.port())};
}

}  // namespace

TEST_CASE("once restart launches a detached job again, under the same once and into the same log",
          "[restart]") {
    Scenario scene;
    const auto before = detach(scene, {}, {"actor", "print-signals"});
    wait_for_text(before.log, "ready " + text(before.leader));
    const auto asked = restart(scene, "x");
    CHECK(asked.ending == exited(0));
    CHECK(asked.stderr_text.empty());
    CHECK_FALSE(alive(before.leader));
    const pid_t leader = status_pid(scene, "x", "leader");
    CHECK(leader != before.leader);
    CHECK(status_pid(scene, "x", "once") == before.once);
    CHECK(status_value(scene, "x", "restarts") == "1");
    wait_for_text(before.log, "ready " + text(leader));
    CHECK_THAT(whole_file(before.log),
               has("got SIGTERM") && has("once: restarting 'actor print-signals', as 'once "
                                         "restart' asks\n"));
    stop(scene, "x");
}

TEST_CASE("once restart waits until the job is ready again", "[restart]") {
    Scenario scene;
    const auto gate = make_gate(scene);
    const auto once = scene.launch(with_options(
        {"-p", scene.port(), "--ready", "--restart=on-failure"}, listen_behind(scene, gate)));
    open_gate(gate);
    wait_until_state(scene, scene.port(), "ready");
    const auto asked = scene.launch({"once", "restart", scene.port()});
    eventually([&] { return scene.read_file("runs") == "come\ncome\n"; }, "its second run");
    wait_until_state(scene, scene.port(), "starting");
    CHECK_FALSE(asked.ended());
    open_gate(gate);
    CHECK(asked.wait_ending() == exited(0));
    CHECK(listening(scene.port()));
    CHECK(status_value(scene, scene.port(), "state") == "ready");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("where nobody holds the target once restart says so, with 1", "[restart]") {
    Scenario scene;
    const auto asked = restart(scene, "x");
    CHECK(asked.ending == exited(1));
    CHECK(asked.stderr_text == "once: nobody started by once holds 'x'\n");
}

TEST_CASE("a job whose pipe is its own is not launched again, with 75 and the reason",
          "[restart]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    const auto asked = restart(scene, "x");
    CHECK(asked.ending == exited(75));
    CHECK_THAT(asked.stderr_text, has(pid_text(holder.once.pid())) &&
                                      has("cannot be launched again by its once") &&
                                      has("what has --detach or --restart can be"));
    CHECK(scene.run({"once", "restart", "-E", "9", "x"}).ending == exited(9));
    CHECK(alive(holder.leader));
    CHECK(holder.once.stderr_text().empty());
}

TEST_CASE("a job on a terminal is launched again there", "[restart][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -n x -- actor print-signals --exit-on TERM --exit-on INT");
    const pid_t first = terminal.wait_for_pid_after("ready");
    wait_until_state(scene, "x", "running");
    CHECK(restart(scene, "x").ending == exited(0));
    const pid_t second = terminal.wait_for_pid_after("ready");
    CHECK(second != first);
    terminal.press_ctrl_c();
    terminal.wait_for("got SIGINT");
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("once restart works from any folder, and the job stays in its own", "[restart]") {
    Scenario scene;
    (void)detach(scene, {"--stop-timeout", "1s"},
                 {"sh", "-c", "pwd >> where; exec actor ignore-term"});
    wait_for_text(scene.folder() / "where", "\n");
    const auto other = scene.another_folder("other");
    const auto asked = scene.launch({"once", "restart", "x"}, {.folder = other});
    // It ignores the TERM.
    eventually([&] { return status_value(scene, "x", "state") == "stopping"; }, "it is stopped");
    CHECK(asked.wait_ending() == exited(0));
    const auto folder = scene.folder().string() + "\n";
    eventually([&] { return scene.read_file("where") == folder + folder; }, "its second run");
    const pid_t once = status_pid(scene, "x", "once");
    REQUIRE(kill(status_pid(scene, "x", "leader"), SIGKILL) == 0);
    eventually([&] { return !alive(once); }, "the end of once");
    await_nothing_left(scene);
}

TEST_CASE("a job that does not come up again is told by once restart, with 69", "[restart]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "-p", scene.port(), "--ready", "--restart=on-failure",
                      "--max-restarts=0", "--", "sh", "-c",
                      "[ -e once-is-enough ] && exit 5; touch once-is-enough; exec actor listen " +
                          text(scene.port())});
    wait_until_state(scene, scene.port(), "ready");
    const auto asked = restart(scene, scene.port());
    CHECK(asked.ending == exited(69));
    CHECK_THAT(asked.stderr_text, has("has ended, and does not run again"));
    CHECK(once.wait_ending() == exited(5));
    CHECK_THAT(once.stderr_text(), has("exited with 5 before it was ready"));
    check_nothing_left(scene);
}

TEST_CASE("a job that backs off is launched by once restart at once", "[restart]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-n", "x", "--restart=always", "--", "sh", "-c",
                                    "[ -e well ] && exec actor print-signals; exit 1"});
    once.wait_for_error("starting it again in 3.2 s");
    scene.write_file("well", "");
    CHECK(within(2000ms, [&] { return restart(scene, "x").ending == exited(0); }));
    CHECK(status_value(scene, "x", "state") == "running");
    (void)once.ready_pid();
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == exited(0));
}

TEST_CASE("a job that backs off and fails at once again is told by once restart, with 69",
          "[restart]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "-n", "x", "--restart=always", "--max-restarts", "1000", "--", "false"});
    once.wait_for_error("starting it again in 1.6 s");
    for (int round = 0; round < 3; ++round) {
        const auto told = restart(scene, "x");
        CHECK(told.ending == exited(69));
        CHECK_THAT(told.stderr_text, has("has failed at once, and is backing off"));
    }
    once.signal(SIGTERM);
    (void)once.wait_ending();
}

TEST_CASE("of several once restart at the same time each is answered, and one job is left",
          "[restart]") {
    Scenario scene;
    const auto job = detach(scene, {}, {"actor", "lock", scene.folder() / "proof"});
    std::vector<Running> asking;
    asking.reserve(5);
    for (int i = 0; i < 5; ++i) asking.push_back(scene.launch({"once", "restart", "x"}));
    int done = 0;
    for (const auto& one : asking) {
        const auto ending = one.wait_ending();
        CAPTURE(one.stderr_text());
        if (ending == exited(0)) {
            ++done;
        } else {
            CHECK(ending == exited(75));
        }
    }
    CHECK(done >= 1);
    CHECK(status_value(scene, "x", "state") == "running");
    CHECK(status_pid(scene, "x", "once") == job.once);
    CHECK(count(whole_file(job.log), "second") == 0);
    stop(scene, "x");
}

TEST_CASE("a job that is being replaced is not launched again", "[restart]") {
    Scenario scene;
    (void)detach(scene, {"--stop-timeout", "1500ms"}, {"actor", "ignore-term"});
    const auto next = scene.launch({"once", "-n", "x", "--", "actor", "print-signals"});
    wait_until_state(scene, "x", "stopping");
    const auto asked = restart(scene, "x");
    CHECK(asked.ending == exited(75));
    CHECK_THAT(asked.stderr_text, has("is ending") || has("is being replaced"));
    (void)next.ready_pid();
    CHECK(next.stderr_text().find("replaced 'actor ignore-term'") != std::string::npos);
}

TEST_CASE("a launch that replaces a job while it is launched again wins", "[restart]") {
    Scenario scene;
    const auto job = detach(scene, {"--stop-timeout", "1500ms"}, {"actor", "ignore-term"});
    const auto asked = scene.launch({"once", "restart", "x"});
    wait_until_state(scene, "x", "stopping");
    const auto next = scene.launch({"once", "-n", "x", "--", "actor", "print-signals"});
    (void)next.ready_pid();
    CHECK(asked.wait_ending() == exited(69));
    CHECK_FALSE(alive(job.once));
    CHECK(status_pid(scene, "x", "once") == next.pid());
}

TEST_CASE("once restart that is ended while it waits leaves nothing behind", "[restart]") {
    Scenario scene;
    const auto gate = make_gate(scene);
    const auto once = scene.launch(with_options(
        {"-p", scene.port(), "--ready", "--restart=on-failure"}, listen_behind(scene, gate)));
    open_gate(gate);
    wait_until_state(scene, scene.port(), "ready");
    const auto asked = scene.launch({"once", "restart", scene.port()});
    eventually([&] { return scene.read_file("runs") == "come\ncome\n"; }, "its second run");
    asked.signal(SIGINT);
    CHECK(asked.wait_ending() == killed_by(SIGINT));
    CHECK(state_files(scene, ".next").empty());
    open_gate(gate);
    wait_until_state(scene, scene.port(), "ready");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("once restart of a launch that still waits for its port leaves it alone: 75",
          "[restart]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    const auto once = scene.launch(
        {"once", "--wait", "-p", scene.port(), "--", "actor", "lock", "proof", scene.port()});
    once.wait_for_error("waiting: ");
    const auto asked = restart(scene, scene.port());
    CHECK(asked.ending == exited(75));
    CHECK_THAT(asked.stderr_text,
               has(pid_text(once.pid())) && has("has not launched its command yet"));
    stranger.signal(SIGTERM);
    once.wait_for_output("listening");
    CHECK(count(once.stderr_text(), "\n") == 1);
}
