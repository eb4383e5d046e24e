// `--group own` on a terminal: the job has a group of its own, and the terminal is handed over.

#include <signal.h>

#include "aftermath.hpp"
#include "catch.hpp"
#include "terminal.hpp"

using namespace once::test;

namespace {

/// A job in a group of its own, in the foreground.
struct Handed {
    pid_t leader;
    pid_t once;
};

Handed start_in_foreground(Terminal& terminal, const std::string& job,
                           const std::string& options = "") {
    terminal.type_line("once --group own " + options + " -- " + job);
    const pid_t leader = terminal.wait_for_pid_after("ready");
    return {leader, once_above(leader)};
}

void wait_until_stopped(pid_t pid) {
    eventually([&] { return process_state(pid) == 'T'; }, std::to_string(pid) + " has stopped");
}

void wait_for_foreground(const Terminal& terminal, pid_t group) {
    eventually([&] { return terminal.foreground_group() == group; },
               "group " + std::to_string(group) + " in the foreground");
}

}  // namespace

TEST_CASE("the option --group own hands the terminal over", "[own-group][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    const auto job = start_in_foreground(terminal, "actor read-line");
    CHECK(group_of(job.once) == job.once);
    CHECK(group_of(job.leader) != job.once);
    CHECK(terminal.foreground_group() == group_of(job.leader));
    terminal.type_line("typed");
    terminal.wait_for("line: typed");
    terminal.wait_for_prompt();
    CHECK(terminal.foreground_group() == shell.pid());
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the option --group own: a Ctrl-C reaches the job once", "[own-group][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    const auto job = start_in_foreground(terminal, "actor print-signals", "--stop-timeout 1h");
    terminal.press_ctrl_c();
    terminal.wait_for("got SIGINT from 0 code SI_KERNEL");
    REQUIRE(kill(job.once, SIGUSR1) == 0);
    terminal.wait_for("got SIGUSR1");
    REQUIRE(kill(job.once, SIGTERM) == 0);
    terminal.wait_for("signals 3");
    terminal.wait_for_prompt();
    CHECK(times_got(terminal.screen(), "SIGINT") == 1);
    check_nothing_left_but(scene, shell);
}

TEST_CASE(
    "the option --group own: a Ctrl-C ends the loop around once, whatever the job makes of it",
    "[own-group][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    for (const char* job : {"actor print-signals --exit-on INT", "actor ignore-term"}) {
        terminal.type_line("while :; do once --group own -- " + std::string(job) + "; done");
        (void)terminal.wait_for_pid_after("ready");
        terminal.press_ctrl_c();
        terminal.wait_for_prompt();
    }
    CHECK(count(terminal.screen(), "ready ") == 2);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the option --group own: the third Ctrl-C kills", "[own-group][terminal][stop]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    const auto job =
        start_in_foreground(terminal, "actor print-signals --exit-on USR1", "--stop-timeout 1h");
    for (int times = 1; times <= 2; ++times) {
        terminal.press_ctrl_c();
        terminal.wait_for("got SIGINT");
        wait_until_heard(parent_of(job.leader));
    }
    terminal.press_ctrl_c();
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the option --group own: Ctrl-Z stops the job and once, fg gives it the terminal again",
          "[own-group][terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    const auto job = start_in_foreground(terminal, "actor print-signals", "--stop-timeout 1h");
    for (int times = 0; times < 2; ++times) {
        terminal.press_ctrl_z();
        terminal.wait_for("Stopped");
        terminal.wait_for_prompt();
        wait_until_stopped(job.leader);
        wait_until_stopped(job.once);
        CHECK(terminal.foreground_group() == shell.pid());
        terminal.type_line("fg");
        terminal.wait_for("got SIGCONT");
        wait_for_foreground(terminal, group_of(job.leader));
    }
    terminal.press_ctrl_c();
    terminal.wait_for("got SIGINT");
    REQUIRE(kill(job.once, SIGTERM) == 0);
    terminal.wait_for_prompt();
    CHECK(terminal.foreground_group() == shell.pid());
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the option --group own: bg lets the job go on without the terminal",
          "[own-group][terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    const auto job = start_in_foreground(terminal, "actor print-signals", "--stop-timeout 1h");
    terminal.press_ctrl_z();
    terminal.wait_for("Stopped");
    terminal.wait_for_prompt();
    terminal.type_line("bg");
    terminal.wait_for("got SIGCONT");
    CHECK(terminal.foreground_group() == shell.pid());
    terminal.type_line("kill %1");
    terminal.wait_for("got SIGTERM");
    eventually([&] { return !alive(job.once); }, "once has ended");
    terminal.type_line("wait");
    terminal.wait_for_prompt();
    CHECK(times_got(terminal.screen(), "SIGTERM") == 1);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the option --group own: started in the background, the job gets the terminal by fg",
          "[own-group][terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once --group own -- actor print-signals --exit-on INT &");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    CHECK(terminal.foreground_group() == shell.pid());
    terminal.type_line("fg");
    // It runs already: nobody continues it, but the foreground is once's now.
    eventually([&] { return terminal.foreground_group() != shell.pid(); }, "fg is through");
    terminal.press_ctrl_c();
    terminal.wait_for("got SIGINT");
    terminal.wait_for_prompt();
    CHECK_FALSE(alive(leader));
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the option --group own: a job in the background that wants to read is stopped until fg",
          "[own-group][terminal][job-control]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once --group own -- actor read-line &");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    wait_until_stopped(leader);
    wait_until_stopped(once_above(leader));
    terminal.type_line("fg");
    wait_for_foreground(terminal, group_of(leader));
    terminal.type_line("now");
    terminal.wait_for("line: now");
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the option --group own: the terminal is given back to a script that goes on",
          "[own-group][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto script =
        terminal.start({"sh", "-c",
                        "once --group own -- actor exit 0; once --group own -- actor die KILL; "
                        "exec actor read-line"});
    for (int times = 0; times < 2; ++times) (void)terminal.wait_for_pid_after("ready");
    (void)terminal.wait_for_pid_after("ready");
    CHECK(terminal.foreground_group() == script.pid());
    terminal.type_line("back");
    terminal.wait_for("line: back");
    CHECK(script.wait_ending() == exited(0));
    check_nothing_left(scene);
}

TEST_CASE(
    "the option --group own: when once is killed the job ends, and the shell has its terminal",
    "[own-group][terminal][keeper]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    const auto job = start_in_foreground(terminal, "actor tree 10");
    terminal.wait_for("tree 10");
    REQUIRE(kill(job.once, SIGKILL) == 0);
    terminal.wait_for_prompt();
    eventually([&] { return scene.survivors().size() == 1; }, "nobody is left of the job");
    terminal.type_line("echo st''ill here");
    terminal.wait_for("still here");
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the option --group own: when the keeper is killed the job ends",
          "[own-group][terminal][keeper]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    const auto job = start_in_foreground(terminal, "actor tree 10");
    terminal.wait_for("tree 10");
    REQUIRE(kill(parent_of(job.leader), SIGKILL) == 0);
    terminal.wait_for("once: the keeper");
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the option --group own: a signal to once alone reaches the job once",
          "[own-group][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    const auto job = start_in_foreground(terminal, "actor print-signals", "--stop-timeout 1h");
    for (const char* name : {"USR1", "INT", "HUP", "WINCH"}) {
        REQUIRE(shell.pid() > 0);
        CHECK(scene.run({"kill", "-s", name, job.once}).ending == exited(0));
        terminal.wait_for("got SIG" + std::string(name));
    }
    REQUIRE(kill(job.once, SIGTERM) == 0);
    terminal.wait_for("signals 5");
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the option --group own: the terminal is given back when the command cannot be launched",
          "[own-group][terminal]") {
    Scenario scene;
    scene.write_file("broken", "#!/no/such/interpreter\n");
    std::filesystem::permissions(scene.folder() / "broken", std::filesystem::perms::owner_all);
    Terminal terminal(scene);
    const auto script = terminal.start(
        {"sh", "-c", "once --group own -- ./broken; echo status=$?.; exec actor read-line"});
    terminal.wait_for("status=127.");
    (void)terminal.wait_for_pid_after("ready");
    CHECK(terminal.foreground_group() == script.pid());
    terminal.type_line("back");
    terminal.wait_for("line: back");
    CHECK(script.wait_ending() == exited(0));
    check_nothing_left(scene);
}
