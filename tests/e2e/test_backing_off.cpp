// The time between two runs of a command that is launched again.

#include <signal.h>

#include "aftermath.hpp"
#include "background.hpp"
#include "holding.hpp"
#include "terminal.hpp"

using namespace once::test;
using namespace std::chrono_literals;

namespace {

std::string text(int number) { return std::to_string(number); }

int runs(const Scenario& scene) { return count(scene.read_file("runs"), "run\n"); }

/// A job that has just crashed for the fifth time, and is launched again 1.6 s later.
Running back_off(Scenario& scene, const Command& options = {}) {
    Command all{"-n", "x", "--restart", "on-failure"};
    all.insert(all.end(), options.begin(), options.end());
    auto once = scene.launch(with_options(all, {"sh", "-c", "echo run >> runs; exit 3"}));
    once.wait_for_error("starting it again in 1.6 s");
    CHECK(runs(scene) == 5);
    return once;
}

/// Whatever the pause was, it is not waited for.
void check_ends_soon(const Running& once) {
    CHECK(within(1000ms, [&] { return once.ended(); }));
}

}  // namespace

TEST_CASE("a signal while it backs off ends it at once", "[restart]") {
    for (const int number : {SIGTERM, SIGHUP, SIGQUIT, SIGINT}) {
        Scenario scene;
        const auto once = back_off(scene);
        once.signal(number);
        check_ends_soon(once);
        (void)once.wait_ending();
        CHECK(runs(scene) == 5);
        check_nothing_left(scene);
    }
}

TEST_CASE("a Ctrl-C while it backs off ends the loop of the shell around it too",
          "[restart][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto script = scene.write_script(
        "again.sh",
        "while ! once --restart=always -n x -- actor exit 1; do echo onc''e more; "
        "done; echo wen''t on\n");
    const auto shell = terminal.start_shell();
    terminal.type_line("bash " + script.string());
    terminal.wait_for("starting it again in 800 ms");
    terminal.press_ctrl_c();
    terminal.wait_for_prompt();
    CHECK(count(terminal.screen(), "once more") == 0);
    CHECK(count(terminal.screen(), "went on") == 0);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("once stop while it backs off ends it at once, and says by whom", "[restart]") {
    Scenario scene;
    const auto once = back_off(scene);
    CHECK(scene.run({"once", "stop", "x"}).ending == exited(0));
    check_ends_soon(once);
    CHECK(once.wait_ending() == exited(3));
    CHECK_THAT(once.stderr_text(), has("once: stopped by 'once stop"));
    CHECK(runs(scene) == 5);
    check_nothing_left(scene);
}

TEST_CASE("a newer launch takes the place of one that backs off at once", "[restart]") {
    Scenario scene;
    const auto once = back_off(scene);
    const auto next = scene.launch({"once", "-n", "x", "--", "actor", "print-signals"});
    check_ends_soon(once);
    CHECK(once.wait_ending() == exited(3));
    CHECK_THAT(once.stderr_text(), has("once: replaced by"));
    (void)next.ready_pid();
    CHECK(runs(scene) == 5);
}

TEST_CASE("between two runs the slot stays held, and status says backing off", "[restart]") {
    Scenario scene;
    const auto once = back_off(scene, {"-p", scene.port()});
    CHECK(status_value(scene, "x", "state") == "backing off");
    CHECK(status_value(scene, "x", "restarts") == "5");
    CHECK(status_pid(scene, "x", "leader") == 0);
    CHECK(scene.run({"once", "status", "x"}).ending == exited(1));
    for (const auto& slot : {Command{"-n", "x"}, Command{"-p", scene.port()}}) {
        Command options{"--refuse"};
        options.insert(options.end(), slot.begin(), slot.end());
        const auto other = scene.run(with_options(options, {"true"}));
        CHECK(other.ending == exited(75));
        CHECK_THAT(other.stderr_text, has(pid_text(once.pid())));
    }
    once.signal(SIGTERM);
    (void)once.wait_ending();
}

TEST_CASE("a once that is killed while it backs off has left its slot", "[restart]") {
    Scenario scene;
    const auto once = back_off(scene, {"-p", scene.port()});
    once.signal(SIGKILL);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    CHECK(scene.survivors().empty());
    CHECK(held_locks(scene).empty());
    CHECK(status_value(scene, "x", "state").empty());
    const auto next = scene.run({"once", "--refuse", "-n", "x", "-p", scene.port(), "--", "true"});
    CHECK(next.ending == exited(0));
    CHECK(next.stderr_text.empty());
    CHECK(runs(scene) == 5);
    check_nothing_left(scene);
}

TEST_CASE("a stranger that takes the port between two runs ends the launch with 75, and is named",
          "[restart]") {
    Scenario scene;
    const auto once = back_off(scene, {"-p", scene.port()});
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    CHECK(once.wait_ending() == exited(75));
    CHECK_THAT(once.stderr_text(),
               has("port " + text(scene.port())) && has(pid_text(stranger.pid())));
    CHECK(runs(scene) == 5);
    CHECK_FALSE(stranger.ended());
    CHECK(held_locks(scene).empty());
}

TEST_CASE("with --with-parent a job that backs off ends with its starter", "[restart]") {
    Scenario scene;
    const auto parent =
        scene.launch({"sh", "-c", "once --with-parent --restart=always -- actor exit 1 & wait"});
    parent.wait_for_error("starting it again in 800 ms");
    parent.signal(SIGKILL);
    await_nothing_left(scene);
    CHECK(count(parent.stdout_text(), "ready") == 4);
}
