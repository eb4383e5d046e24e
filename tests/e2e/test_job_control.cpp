// Ctrl-Z, fg, bg, pipelines, kill %1: what a shell does with jobs works for `once` as well.

#include <signal.h>

#include "aftermath.hpp"
#include "catch.hpp"
#include "terminal.hpp"

using namespace once::test;

namespace {

void wait_until_stopped(pid_t pid) {
    eventually([&] { return process_state(pid) == 'T'; }, std::to_string(pid) + " has stopped");
}

// The shell gives it the terminal, sets the modes (a line that is typed meanwhile is lost), and
// then continues it.
void wait_until_in_foreground(const Terminal& terminal, pid_t pid) {
    eventually(
        [&] { return terminal.foreground_group() == group_of(pid) && process_state(pid) != 'T'; },
        "the foreground");
}

}  // namespace

TEST_CASE("Ctrl-Z stops once and its job, fg continues both", "[terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -- actor print-signals --exit-code 3");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    const pid_t once = once_above(leader);
    for (int times = 0; times < 2; ++times) {
        terminal.press_ctrl_z();
        terminal.wait_for("Stopped");
        terminal.wait_for_prompt();
        wait_until_stopped(leader);
        CHECK(process_state(once) == 'T');
        terminal.type_line("fg");
        terminal.wait_for("got SIGCONT");
        CHECK(terminal.foreground_group() == once);
    }
    terminal.press_ctrl_c();
    terminal.wait_for("got SIGINT");
    REQUIRE(kill(once, SIGTERM) == 0);
    terminal.wait_for("signals 4");  // CONT twice, INT, TERM
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("after Ctrl-Z and fg the job reads what is typed", "[terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -- actor read-line");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    terminal.press_ctrl_z();
    terminal.wait_for("Stopped");
    terminal.wait_for_prompt();
    // The shell waits for once alone: a reader that the signal has not reached yet takes a byte of
    // what is typed next.
    wait_until_stopped(leader);
    terminal.type_line("fg");
    wait_until_in_foreground(terminal, leader);
    terminal.type_line("after all");
    terminal.wait_for("line: after all");
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("bg lets a stopped job go on, and kill %1 ends it by one TERM",
          "[terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once --stop-timeout 1h -- actor print-signals --exit-on USR1");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    terminal.press_ctrl_z();
    terminal.wait_for("Stopped");
    terminal.wait_for_prompt();
    terminal.type_line("bg");
    terminal.wait_for("got SIGCONT");
    CHECK(terminal.foreground_group() == shell.pid());
    terminal.type_line("kill %1");
    terminal.wait_for("got SIGTERM");
    remains([&] { return times_got(terminal.screen(), "SIGTERM") == 1; },
            std::chrono::milliseconds(200), "one TERM");
    REQUIRE(kill(leader, SIGUSR1) == 0);
    terminal.wait_for("signals ");
    eventually([&] { return scene.survivors().size() == 1; }, "the job has ended");
    check_nothing_left_but(scene, shell);
}

TEST_CASE("kill %1 ends a job in the background", "[terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -p " + std::to_string(scene.port()) + " -- actor listen " +
                       std::to_string(scene.port()) + " &");
    terminal.wait_for("listening");
    terminal.type_line("kill %1");
    eventually([&] { return scene.survivors().size() == 1; }, "the job has ended");
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a job in the background that wants to read is stopped until fg",
          "[terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -- actor read-line &");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    wait_until_stopped(leader);
    wait_until_stopped(once_above(leader));
    terminal.type_line("fg");
    wait_until_in_foreground(terminal, leader);
    terminal.type_line("now");
    terminal.wait_for("line: now");
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a job in the background does not hear the terminal's Ctrl-C",
          "[terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -- actor print-signals &");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    terminal.type_line("actor listen " + std::to_string(scene.port()));
    terminal.wait_for("listening");
    terminal.press_ctrl_c();
    terminal.wait_for_prompt();
    terminal.type_line("fg");
    wait_until_in_foreground(terminal, leader);
    terminal.press_ctrl_c();
    terminal.wait_for("got SIGINT");
    REQUIRE(kill(once_above(leader), SIGTERM) == 0);
    terminal.wait_for("signals ");
    terminal.wait_for_prompt();
    CHECK(times_got(terminal.screen(), "SIGINT") == 1);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a stopped job is ended by one TERM to its once", "[terminal][job-control][stop]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once --stop-timeout 1h -- actor listen " + std::to_string(scene.port()));
    const pid_t leader = terminal.wait_for_pid_after("ready");
    terminal.wait_for("listening");
    terminal.press_ctrl_z();
    terminal.wait_for("Stopped");
    terminal.wait_for_prompt();
    wait_until_stopped(leader);
    terminal.type_line("kill %1; fg");
    eventually([&] { return !alive(leader); }, "the leader has ended");
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a stopped holder is replaced", "[terminal][job-control][stop]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    const std::string listen = "once -p " + std::to_string(scene.port()) + " -- actor listen " +
                               std::to_string(scene.port());
    terminal.type_line(listen);
    const pid_t first = terminal.wait_for_pid_after("ready");
    terminal.wait_for("listening");
    terminal.press_ctrl_z();
    terminal.wait_for("Stopped");
    terminal.wait_for_prompt();
    wait_until_stopped(first);
    terminal.type_line(listen);
    const pid_t second = terminal.wait_for_pid_after("ready");
    terminal.wait_for("listening");
    CHECK_FALSE(alive(first));
    CHECK(alive(second));
    terminal.press_ctrl_c();
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("once stands in a pipeline on either side", "[terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -- sh -c 'echo o''ne; echo t''wo' | cat -n");
    terminal.wait_for("1\tone");
    terminal.wait_for("2\ttwo");
    terminal.wait_for_prompt();
    terminal.type_line("yes | once -- actor read-line");
    terminal.wait_for("line: y");
    terminal.wait_for_prompt();
    terminal.type_line("once -- yes | head -n 1; echo ${PIPESTATUS[0]}.");
    terminal.wait_for("y\r\n");
    terminal.wait_for(std::to_string(128 + SIGPIPE) + ".");
    terminal.wait_for_prompt();
    terminal.type_line("once -n a -- sh -c 'echo a; cat >/dev/null' | once -n b -- cat -n");
    terminal.wait_for("1\ta");
    terminal.press_ctrl_d();
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("one Ctrl-C ends a pipeline with once in it", "[terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -p " + std::to_string(scene.port()) + " -- actor listen " +
                       std::to_string(scene.port()) + " | cat");
    terminal.wait_for("listening");
    terminal.press_ctrl_c();
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("two jobs of one runner share the terminal, and none is suspended",
          "[terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    // Each of them takes a whole line at a time, whoever is first.
    scene.write_script("reader", "echo ready $$\nexec sed 's/^/line: /;q'\n");
    scene.write_script("runner",
                       "exec 3<&0\nonce -n a -- ./reader <&3 &\n"
                       "once -n b -- ./reader <&3 &\nwait\n");
    terminal.type_line("./runner");
    const pid_t first = terminal.wait_for_pid_after("ready");
    const pid_t second = terminal.wait_for_pid_after("ready");
    CHECK(group_of(first) == group_of(second));
    CHECK(terminal.foreground_group() == group_of(first));
    terminal.type_line("alpha");
    terminal.wait_for("line: alpha");
    terminal.type_line("beta");
    terminal.wait_for("line: beta");
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("one Ctrl-C reaches each of two jobs of one runner once", "[terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    // As npm-run-all does: two children, and an INT for both of them on top of the terminal's.
    scene.write_script("runner",
                       "actor relay bash -c 'once -n a -- actor print-signals' <&0 &\n"
                       "actor relay bash -c 'once -n b -- actor print-signals'\n");
    terminal.type_line("bash -c '. ./runner'");
    std::vector<pid_t> leaders;
    eventually([&] { return count(terminal.screen(), "ready ") == 4; }, "all are ready");
    for (const Process& one : processes()) {
        const auto words = command_of(one.pid);
        if (words.size() > 1 && words[0] == "actor" && words[1] == "print-signals") {
            leaders.push_back(one.pid);
        }
    }
    REQUIRE(leaders.size() == 2);
    terminal.press_ctrl_c();
    terminal.wait_for("got SIGINT");
    for (const pid_t leader : leaders) REQUIRE(kill(once_above(leader), SIGUSR1) == 0);
    eventually([&] { return times_got(terminal.screen(), "SIGUSR1") == 2; }, "both are awake");
    // In the background of a script INT is ignored: only the other one hears it.
    CHECK(times_got(terminal.screen(), "SIGINT") == 1);
    for (const pid_t leader : leaders) REQUIRE(kill(once_above(leader), SIGTERM) == 0);
    terminal.wait_for_prompt();
    eventually([&] { return scene.survivors().size() == 1; }, "both have ended");
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a script that was suspended with its job goes on when the job is stopped from elsewhere",
          "[job-control][terminal][stop]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("sh -c 'once -n x -- actor print-signals --exit-code 5; echo wen''t on'");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    const pid_t script = parent_of(once_above(leader));
    terminal.press_ctrl_z();
    eventually([&] { return process_state(script) == 'T'; }, "the script is suspended");
    terminal.wait_for_prompt();
    CHECK(scene.run({"once", "stop", "x"}).ending.code == 0);
    terminal.wait_for("went on");
    eventually([&] { return !alive(script); }, "the script has ended");
    check_nothing_left_but(scene, shell);
}
