// The end of a job, and of its terminal: modes are put back, a closed window leaves nothing.

#include <signal.h>

#include "aftermath.hpp"
#include "catch.hpp"
#include "terminal.hpp"

using namespace once::test;

namespace {

bool is_raw(const Terminal& terminal) { return (terminal.modes().c_lflag & ICANON) == 0; }
bool echoes(const Terminal& terminal) { return (terminal.modes().c_lflag & ECHO) != 0; }

}  // namespace

TEST_CASE("the terminal's modes are put back when a job dies in raw mode", "[terminal][modes]") {
    Scenario scene;
    for (const char* group : {"shared", "own"}) {
        INFO(group);
        Terminal terminal(scene);
        // A plain sh puts nothing back itself, and the session goes on.
        const auto script = terminal.start({"sh", "-c",
                                            "once --group " + std::string(group) +
                                                " -- actor hold-terminal; echo over; read line"});
        const pid_t leader = terminal.wait_for_pid_after("ready");
        terminal.wait_for("holding");
        CHECK(is_raw(terminal));
        REQUIRE(kill(leader, SIGKILL) == 0);
        terminal.wait_for("over");
        CHECK_FALSE(is_raw(terminal));
        CHECK(echoes(terminal));
        terminal.type_line("");
        (void)script.wait_ending();
    }
    check_nothing_left(scene);
}

TEST_CASE("the terminal's modes are put back when a job in raw mode is stopped by TERM",
          "[terminal][modes]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto script =
        terminal.start({"sh", "-c", "once -- actor hold-terminal; echo over; read line"});
    const pid_t once = once_above(terminal.wait_for_pid_after("ready"));
    terminal.wait_for("holding");
    REQUIRE(kill(once, SIGTERM) == 0);
    terminal.wait_for("over");
    CHECK_FALSE(is_raw(terminal));
    terminal.type_line("");
    (void)script.wait_ending();
}

TEST_CASE("modes that a job sets on purpose stay when it exits", "[terminal][modes]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto script = terminal.start({"sh", "-c", "once -- stty -echo; echo over; read line"});
    terminal.wait_for("over");
    CHECK_FALSE(echoes(terminal));
    terminal.type_line("");
    (void)script.wait_ending();
}

TEST_CASE("a job that dies in the background leaves the terminal's modes to their owner",
          "[terminal][modes]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once -- actor print-signals &");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    terminal.type_line("actor hold-terminal");
    const pid_t holder = terminal.wait_for_pid_after("ready");
    terminal.wait_for("holding");
    const pid_t once = once_above(leader);
    REQUIRE(kill(leader, SIGKILL) == 0);
    eventually([&] { return !alive(once); }, "once has ended");
    CHECK(is_raw(terminal));
    REQUIRE(kill(holder, SIGKILL) == 0);
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("closing the terminal leaves nothing", "[terminal][hang-up]") {
    Scenario scene;
    for (const char* group : {"shared", "own"}) {
        for (const char* place : {"", " &"}) {
            INFO(group << place);
            Terminal terminal(scene);
            (void)terminal.start_shell();
            terminal.type_line("once --group " + std::string(group) + " -p " +
                               std::to_string(scene.port()) + " -- actor listen " +
                               std::to_string(scene.port()) + place);
            terminal.wait_for("listening");
            terminal.close();
            await_nothing_left(scene);
        }
    }
}

TEST_CASE("a job that takes the hang-up for something else is stopped all the same",
          "[terminal][hang-up][stop]") {
    Scenario scene;
    scene.write_script("nodemon",
                       "trap 'echo restart >>log' HUP\ntrap 'echo end >>log; exit' TERM\n"
                       "echo ready $$\nwhile :; do read line <fifo; done\n");
    REQUIRE(scene.run({"mkfifo", "fifo"}).ending == exited(0));
    Terminal terminal(scene);
    (void)terminal.start_shell();
    terminal.type_line("once --stop-timeout 300ms -- ./nodemon");
    (void)terminal.wait_for_pid_after("ready");
    terminal.close();
    await_nothing_left(scene);
    CHECK(count(scene.read_file("log"), "restart") >= 1);
    CHECK(count(scene.read_file("log"), "end") == 1);
}

TEST_CASE("a job that hears neither HUP nor TERM is killed after the terminal is closed",
          "[terminal][hang-up][stop]") {
    Scenario scene;
    Terminal terminal(scene);
    (void)terminal.start_shell();
    terminal.type_line("once --stop-timeout 200ms -- sh -c \"trap '' HUP TERM; actor listen " +
                       std::to_string(scene.port()) + "\"");
    terminal.wait_for("listening");
    terminal.close();
    await_nothing_left(scene);
}

TEST_CASE("a stopped job does not outlive its terminal", "[terminal][hang-up][job-control]") {
    Scenario scene;
    for (const char* group : {"shared", "own"}) {
        INFO(group);
        Terminal terminal(scene);
        (void)terminal.start_shell();
        terminal.type_line("once --group " + std::string(group) + " -p " +
                           std::to_string(scene.port()) + " -- actor listen " +
                           std::to_string(scene.port()));
        terminal.wait_for("listening");
        terminal.press_ctrl_z();
        terminal.wait_for("Stopped");
        terminal.wait_for_prompt();
        terminal.close();
        await_nothing_left(scene);
    }
}

TEST_CASE("under nohup the job outlives its terminal", "[terminal][hang-up]") {
    Scenario scene;
    pid_t leader = 0;
    {
        Terminal terminal(scene);
        (void)terminal.start_shell();
        terminal.type_line("nohup once -p " + std::to_string(scene.port()) + " -- actor listen " +
                           std::to_string(scene.port()) + " </dev/null >log 2>&1 &");
        eventually([&] { return listening(scene.port()); }, "the job listens");
        leader = listener_pids(scene.port()).front();
        terminal.type_line("disown -a; exit");
        eventually([&] { return parent_of(parent_of(parent_of(leader))) <= 1; }, "no shell");
    }
    remains([&] { return listening(scene.port()); }, std::chrono::milliseconds(300), "the job");
    REQUIRE(kill(once_above(leader), SIGTERM) == 0);
    await_nothing_left(scene);
}
