// Every signal reaches the job exactly once. Here without a terminal: the job is in a process
// group of its own.

#include <signal.h>

#include <cstring>

#include "aftermath.hpp"
#include "catch.hpp"

using namespace once::test;

namespace {

const Command printer = {"once", "--stop-timeout", "1h", "--", "actor", "print-signals"};

std::string name_of(int signal) {
    const char* name = sigabbrev_np(signal);
    return name != nullptr ? "SIG" + std::string(name)
                           : "SIGRTMIN+" + std::to_string(signal - SIGRTMIN);
}

/// Ends the job by a TERM that it prints as well, and says how many signals it saw before.
int signals_before_the_end(const Running& once) {
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == exited(0));
    const std::string& said = once.stdout_text();
    const auto at = said.find("signals ");
    REQUIRE(at != std::string::npos);
    CHECK(times_got(said, "SIGTERM") == 1);
    return std::stoi(said.substr(at + 8)) - 1;
}

}  // namespace

TEST_CASE("without a terminal the job is in a process group of its own", "[signals]") {
    Scenario scene;
    const auto once = scene.launch(printer);
    const pid_t leader = once.ready_pid();
    CHECK(group_of(leader) == leader);
    CHECK(session_of(leader) == session_of(once.pid()));
    CHECK(group_of(once.pid()) == once.pid());
    const auto shared = scene.launch({"once", "--group", "shared", "--", "actor", "print-signals"});
    CHECK(group_of(shared.ready_pid()) == shared.pid());
}

TEST_CASE("a signal that once alone got reaches the job exactly once", "[signals]") {
    Scenario scene;
    for (const char* group : {"own", "shared"}) {
        for (const int signal :
             {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGRTMIN + 3, SIGURG, SIGIO}) {
            // In a shared group WINCH is the terminal's affair; URG is ignored by everybody.
            if (signal == SIGURG) continue;
            if (signal == SIGWINCH && std::string(group) == "shared") continue;
            INFO(group << " " << name_of(signal));
            const auto once = scene.launch(
                {"once", "--group", group, "--stop-timeout", "1h", "--", "actor", "print-signals"});
            (void)once.ready_pid();
            once.signal(signal);
            once.wait_for_output("got " + name_of(signal));
            // Forwarded after it, if it was forwarded twice.
            once.signal(SIGRTMIN + 5);
            once.wait_for_output("got " + name_of(SIGRTMIN + 5));
            CHECK(signals_before_the_end(once) == 2);
        }
    }
    check_nothing_left(scene);
}

TEST_CASE("a queued signal is passed on as often as it was sent", "[signals]") {
    Scenario scene;
    const auto once = scene.launch(printer);
    (void)once.ready_pid();
    for (int i = 0; i < 5; ++i) once.signal(SIGRTMIN + 1);
    eventually([&] { return times_got(once.stdout_text(), "SIGRTMIN+1") == 5; }, "all five");
    CHECK(signals_before_the_end(once) == 5);
}

TEST_CASE("signals arrive in the order in which they were sent", "[signals]") {
    Scenario scene;
    const auto once = scene.launch(printer);
    (void)once.ready_pid();
    for (const int signal : {SIGUSR2, SIGUSR1, SIGIO}) {
        once.signal(signal);
        once.wait_for_output("got " + name_of(signal));
    }
    CHECK(signals_before_the_end(once) == 3);
}

TEST_CASE("INT, QUIT and HUP go to the job's whole group", "[signals]") {
    Scenario scene;
    for (const int signal : {SIGINT, SIGQUIT, SIGHUP}) {
        INFO(name_of(signal));
        // The shell waits for its child, and would keep an INT for itself.
        const auto once = scene.launch(
            {"once", "--stop-timeout", "1s", "--", "sh", "-c", "actor print-signals; exit 0"});
        (void)once.ready_pid();
        once.signal(signal);
        once.wait_for_output("got " + name_of(signal));
        once.signal(SIGTERM);
        (void)once.wait_ending();
        CHECK(times_got(once.stdout_text(), name_of(signal)) == 1);
    }
    check_nothing_left(scene);
}

TEST_CASE("all other signals go to the leader alone", "[signals]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--stop-timeout", "1h", "--", "bash", "-c",
                                    "trap : USR1 USR2 WINCH RTMIN+3; actor print-signals & "
                                    "while ! wait $!; do echo leader woke up; done"});
    const pid_t child = once.ready_pid();
    int woken = 0;
    for (const int signal : {SIGUSR1, SIGUSR2, SIGWINCH, SIGRTMIN + 3}) {
        once.signal(signal);
        ++woken;
        eventually([&] { return count(once.stdout_text(), "woke up") == woken; }, name_of(signal));
    }
    REQUIRE(kill(child, SIGTERM) == 0);
    CHECK(once.wait_ending() == exited(0));
    CHECK(count(once.stdout_text(), "signals 1\n") == 1);
}

TEST_CASE("CHLD, PIPE and ALRM are never passed on", "[signals]") {
    Scenario scene;
    const auto once = scene.launch(printer);
    (void)once.ready_pid();
    for (const int signal : {SIGCHLD, SIGPIPE, SIGALRM, SIGVTALRM, SIGPROF}) once.signal(signal);
    once.signal(SIGUSR1);
    once.wait_for_output("got SIGUSR1");
    CHECK(signals_before_the_end(once) == 1);
}

TEST_CASE("what a process of the job sends to once is not sent back", "[signals]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "--stop-timeout", "1h", "--", "bash", "-c",
         "exec 3<&0; "
         "(read line <&3; once=$(awk '/^PPid/ {print $2}' /proc/$PPID/status); "
         "kill -USR1 $once; kill -INT $once; kill -HUP $once; echo sent; read line <&3) & "
         "exec actor print-signals"},
        {.input = Input::pipe});
    (void)once.ready_pid();
    once.write_input("go\n");
    once.wait_for_output("sent");
    once.signal(SIGUSR2);
    once.wait_for_output("got SIGUSR2");
    CHECK(signals_before_the_end(once) == 1);
}

TEST_CASE("a job that sends TERM to its once has asked for its end", "[signals][stop]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "--stop-timeout", "200ms", "--", "bash", "-c",
         "trap '' TERM; kill -TERM $(awk '/^PPid/ {print $2}' /proc/$PPID/status); read line"},
        {.input = Input::pipe});
    CHECK(once.wait_ending() == killed_by(SIGKILL));
}

TEST_CASE("INT and QUIT from outside start the stop plan's clock", "[signals][stop]") {
    Scenario scene;
    for (const int signal : {SIGINT, SIGQUIT, SIGTERM}) {
        const auto once = scene.launch({"once", "--stop-timeout", "200ms", "--", "actor",
                                        "print-signals", "--exit-on", "USR1"});
        (void)once.ready_pid();
        once.signal(signal);
        CHECK(once.wait_ending() == killed_by(SIGKILL));
        CHECK(times_got(once.stdout_text(), name_of(signal)) == 1);
    }
    check_nothing_left(scene);
}

TEST_CASE("USR1 does not start the stop plan's clock", "[signals][stop]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "--stop-timeout", "100ms", "--", "actor", "print-signals"});
    (void)once.ready_pid();
    for (const int signal : {SIGUSR1, SIGUSR2, SIGWINCH}) once.signal(signal);
    once.wait_for_output("got SIGWINCH");
    remains([&] { return !once.ended(); }, std::chrono::milliseconds(400), "the job");
    CHECK(signals_before_the_end(once) == 3);
}

TEST_CASE("who takes a HUP for something else is asked with TERM after the stop timeout",
          "[signals][stop]") {
    Scenario scene;
    const auto polite =
        scene.launch({"once", "--stop-timeout", "200ms", "--", "actor", "print-signals"});
    (void)polite.ready_pid();
    polite.signal(SIGHUP);
    CHECK(polite.wait_ending() == exited(0));
    const std::string& seen = polite.stdout_text();
    CHECK(times_got(seen, "SIGHUP") == 1);
    CHECK(times_got(seen, "SIGTERM") == 1);
    CHECK(seen.find("SIGHUP") < seen.find("SIGTERM"));

    const auto deaf = scene.launch(
        {"once", "--stop-timeout", "200ms", "--", "actor", "print-signals", "--exit-on", "USR1"});
    (void)deaf.ready_pid();
    deaf.signal(SIGHUP);
    CHECK(deaf.wait_ending() == killed_by(SIGKILL));
    CHECK(times_got(deaf.stdout_text(), "SIGTERM") == 1);
    check_nothing_left(scene);
}

TEST_CASE("a signal before the launch ends once cleanly, and nothing is launched",
          "[signals][stop]") {
    Scenario scene;
    const auto holder =
        scene.launch({"once", "-p", scene.port(), "--", "actor", "listen", scene.port()});
    holder.wait_for_output("listening");
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
        INFO(name_of(signal));
        const auto waiting = scene.launch({"once", "--wait", "--pid-file", "pid", "-p",
                                           scene.port(), "--", "sh", "-c", "echo launched"});
        waiting.wait_for_error("once: ");
        waiting.signal(signal);
        CHECK(waiting.wait_ending() == killed_by(signal));
        CHECK(waiting.stdout_text().empty());
        CHECK(count(waiting.stderr_text(), "\n") == 1);
        CHECK_FALSE(std::filesystem::exists(scene.folder() / "pid"));
    }
    CHECK_FALSE(holder.ended());
    holder.signal(SIGTERM);
    (void)holder.wait_ending();
    check_nothing_left(scene);
}

TEST_CASE("a waiting once is not ended by USR1, but can be suspended", "[signals]") {
    Scenario scene;
    const auto holder = scene.launch({"once", "-n", "slot", "--", "actor", "ignore-term"});
    const pid_t leader = holder.ready_pid();
    const auto waiting = scene.launch({"once", "--wait", "-n", "slot", "--", "actor", "exit", 6});
    waiting.wait_for_error("once: ");
    waiting.signal(SIGUSR1);
    waiting.signal(SIGWINCH);
    waiting.signal(SIGSTOP);
    eventually([&] { return process_state(waiting.pid()) == 'T'; }, "it has stopped");
    waiting.signal(SIGCONT);
    REQUIRE(kill(leader, SIGKILL) == 0);
    CHECK(waiting.wait_ending() == exited(6));
    CHECK(holder.wait_ending() == killed_by(SIGKILL));
}
