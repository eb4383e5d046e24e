// On a terminal the job shares our process group: keys are what they are without `once`.

#include <signal.h>

#include "aftermath.hpp"
#include "catch.hpp"
#include "terminal.hpp"

using namespace once::test;

namespace {

/// Types `echo` and waits for the status that the shell saw.
void check_status(Terminal& terminal, int status) {
    terminal.wait_for_prompt();
    terminal.type_line("echo status=$?.");
    terminal.wait_for("status=" + std::to_string(status) + ".");
    terminal.wait_for_prompt();
}

}  // namespace

TEST_CASE("on a terminal the job is in our process group, in the foreground", "[terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -p " + std::to_string(scene.port()) + " -- actor print-signals");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    const pid_t once = once_above(leader);
    CHECK(parent_of(once) == shell.pid());
    CHECK(group_of(once) == once);
    CHECK(group_of(leader) == once);
    CHECK(group_of(parent_of(leader)) == once);
    CHECK(terminal.foreground_group() == once);
    REQUIRE(kill(once, SIGTERM) == 0);
    check_status(terminal, 0);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a Ctrl-C reaches the job once", "[terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once --stop-timeout 1h -- actor print-signals --exit-code 5");
    const pid_t once = once_above(terminal.wait_for_pid_after("ready"));
    terminal.press_ctrl_c();
    terminal.wait_for("got SIGINT from 0 code SI_KERNEL");
    REQUIRE(kill(once, SIGUSR1) == 0);  // whatever was held back for a moment comes before it
    terminal.wait_for("got SIGUSR1");
    REQUIRE(kill(once, SIGTERM) == 0);
    terminal.wait_for("signals 3");
    check_status(terminal, 5);
    CHECK(times_got(terminal.screen(), "SIGINT") == 1);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a Ctrl-backslash reaches the job once, and starts the stop plan's clock",
          "[terminal][stop]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once --stop-timeout 200ms -- actor print-signals --exit-on USR1");
    (void)terminal.wait_for_pid_after("ready");
    terminal.press_ctrl_backslash();
    terminal.wait_for("got SIGQUIT from 0 code SI_KERNEL");
    check_status(terminal, 128 + SIGKILL);
    CHECK(times_got(terminal.screen(), "SIGQUIT") == 1);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the Ctrl-C that a package manager hands on as well is dropped", "[terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    // bash as script shell executes its last command in place: the relayed INT hits once itself.
    terminal.type_line("actor relay bash -c 'once --stop-timeout 1h -- actor print-signals'");
    (void)terminal.wait_for_pid_after("ready");
    const pid_t once = once_above(terminal.wait_for_pid_after("ready"));
    CHECK(command_of(parent_of(once)).at(1) == "relay");
    terminal.press_ctrl_c();
    terminal.wait_for("got SIGINT from 0 code SI_KERNEL");
    REQUIRE(kill(once, SIGUSR1) == 0);
    terminal.wait_for("got SIGUSR1");
    CHECK(times_got(terminal.screen(), "SIGINT") == 1);
    // What is not the terminal's echo is passed on: here a TERM.
    REQUIRE(kill(parent_of(once), SIGTERM) == 0);
    terminal.wait_for("got SIGTERM");
    terminal.wait_for("signals 3");
    check_status(terminal, 0);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("an INT from outside is passed on when nobody has typed one", "[terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("actor relay bash -c 'once --stop-timeout 1h -- actor print-signals'");
    (void)terminal.wait_for_pid_after("ready");
    const pid_t once = once_above(terminal.wait_for_pid_after("ready"));
    REQUIRE(kill(parent_of(once), SIGINT) == 0);
    terminal.wait_for("got SIGINT from");
    REQUIRE(kill(once, SIGTERM) == 0);
    terminal.wait_for("signals 2");
    check_status(terminal, 0);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("after one Ctrl-C a job may take its time", "[terminal][stop]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once --stop-timeout 100ms -- actor print-signals --exit-on USR1");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    for (int times = 1; times <= 2; ++times) {
        terminal.press_ctrl_c();
        terminal.wait_for("got SIGINT");
        remains([&] { return alive(leader); }, std::chrono::milliseconds(600), "the job");
    }
    CHECK(times_got(terminal.screen(), "SIGTERM") == 0);
    REQUIRE(kill(leader, SIGUSR1) == 0);
    check_status(terminal, 0);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the third Ctrl-C kills", "[terminal][stop]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once --stop-timeout 1h -- actor print-signals --exit-on USR1");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    for (int times = 1; times <= 2; ++times) {
        terminal.press_ctrl_c();
        terminal.wait_for("got SIGINT");
        wait_until_heard(once_above(leader));
    }
    CHECK(alive(leader));
    terminal.press_ctrl_c();
    check_status(terminal, 128 + SIGKILL);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a job that died of a Ctrl-C looks so to the shell", "[terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -- actor listen " + std::to_string(scene.port()));
    terminal.wait_for("listening");
    terminal.press_ctrl_c();
    check_status(terminal, 128 + SIGINT);
    terminal.type_line("once -- actor die SEGV");
    terminal.wait_for("Segmentation fault");
    check_status(terminal, 128 + SIGSEGV);
    CHECK(count(terminal.screen(), "core dumped") == 0);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("one Ctrl-C ends a loop around once", "[terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("while :; do once -- actor listen " + std::to_string(scene.port()) +
                       "; done");
    terminal.wait_for("listening");
    terminal.press_ctrl_c();
    check_status(terminal, 128 + SIGINT);
    CHECK(count(terminal.screen(), "listening") == 1);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("what is typed goes to the job", "[terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -p " + std::to_string(scene.port()) + " -- actor read-line");
    (void)terminal.wait_for_pid_after("ready");
    terminal.type_line("typed text");
    terminal.wait_for("line: typed text");
    check_status(terminal, 0);
    terminal.type_line("once -- actor read-line");
    (void)terminal.wait_for_pid_after("ready");
    terminal.press_ctrl_d();
    terminal.wait_for("end of input");
    check_status(terminal, 0);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a new size of the terminal reaches the job once", "[terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -- actor print-signals");
    const pid_t once = once_above(terminal.wait_for_pid_after("ready"));
    terminal.resize(30, 100);
    terminal.wait_for("got SIGWINCH from 0 code SI_KERNEL");
    REQUIRE(kill(once, SIGUSR1) == 0);
    terminal.wait_for("got SIGUSR1");
    CHECK(times_got(terminal.screen(), "SIGWINCH") == 1);
    REQUIRE(kill(once, SIGTERM) == 0);
    check_status(terminal, 0);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("the option --group shared shares the group without a terminal, too",
          "[terminal][signals]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "--group", "shared", "--", "actor", "listen", scene.port()});
    once.wait_for_output("listening");
    CHECK(group_of(once.ready_pid()) == once.pid());
    REQUIRE(kill(-once.pid(), SIGINT) == 0);
    CHECK(once.wait_ending() == killed_by(SIGINT));
    check_nothing_left(scene);
}

TEST_CASE("a hang-up that only once hears, as its session's leader, is handed on to the job",
          "[terminal][signals]") {
    for (const char* group : {"shared", "own"}) {
        CAPTURE(group);
        Scenario scene;
        Terminal terminal(scene);
        const auto once = terminal.start(
            {"once", "--group", group, "--stop-timeout", "1h", "--", "sh", "-c",
             "exec actor print-signals --exit-on HUP --exit-code 4 >out 2>&1 </dev/null"});
        eventually([&] { return count(scene.read_file("out"), "ready ") == 1; }, "it is ready");
        terminal.close();
        CHECK(once.wait_ending() == exited(4));
        CHECK(times_got(scene.read_file("out"), "SIGHUP") == 1);
        CHECK(times_got(scene.read_file("out"), "SIGTERM") == 0);
        check_nothing_left(scene);
    }
}
