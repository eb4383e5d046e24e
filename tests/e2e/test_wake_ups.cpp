// No polling: while nothing happens, neither `once` nor its keeper is ever awake.

#include <signal.h>

#include "aftermath.hpp"
#include "catch.hpp"
#include "surroundings.hpp"
#include "terminal.hpp"

using namespace once::test;

namespace {

/// Both kinds of context switches that the process has made so far.
std::string switches_of(pid_t pid) {
    const std::string status = whole_file("/proc/" + std::to_string(pid) + "/status");
    const auto at = status.find("voluntary_ctxt_switches:");
    return at == std::string::npos ? "" : status.substr(at);
}

/// They settle after the launch; then they stay asleep.
void check_asleep(pid_t leader) {
    using namespace std::chrono_literals;
    const pid_t keeper = parent_of(leader);
    const pid_t once = parent_of(keeper);
    const auto both = [&] { return switches_of(once) + switches_of(keeper); };
    std::string before;
    eventually(
        [&] {
            before = both();
            return !within(300ms, [&] { return both() != before; });
        },
        "once and its keeper have settled");
    CHECK(count(before, "nonvoluntary") == 2);
    remains([&] { return both() == before; }, 1500ms, "the sleep of once and its keeper");
}

}  // namespace

TEST_CASE("an idle once and its keeper make no wake-ups", "[wake-ups]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "-n", "api", "--with-parent", "--pid-file", "pid", "--", "actor", "ignore-term"});
    check_asleep(once.ready_pid());
    once.signal(SIGKILL);
    REQUIRE(kill(once.ready_pid(), SIGKILL) == 0);
    await_nothing_left(scene);
}

TEST_CASE("once the job listens on its port nobody looks at it any more", "[wake-ups]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "-p", scene.port(), "--", "actor", "listen", scene.port()});
    once.wait_for_output("listening");
    check_asleep(once.ready_pid());
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    check_nothing_left(scene);
}

TEST_CASE("on a terminal an idle once makes no wake-ups, in the background neither",
          "[wake-ups][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    for (const char* group : {"shared", "own"}) {
        for (const char* place : {"", " &"}) {
            terminal.type_line("once --group " + std::string(group) + " -- actor print-signals" +
                               place);
            const pid_t leader = terminal.wait_for_pid_after("ready");
            check_asleep(leader);
            REQUIRE(kill(once_above(leader), SIGTERM) == 0);
            terminal.wait_for("signals 1");
            terminal.type_line("wait");
            terminal.wait_for_prompt();
        }
    }
    eventually([&] { return scene.survivors().size() == 1; }, "all have ended");
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a once that waits for its slot makes no wake-ups", "[wake-ups]") {
    Scenario scene;
    const auto holder = scene.launch({"once", "-n", "slot", "--", "actor", "print-signals"});
    (void)holder.ready_pid();
    const auto waiting = scene.launch({"once", "--wait", "-n", "slot", "--", "true"});
    waiting.wait_for_error("once: ");
    std::string before;
    using namespace std::chrono_literals;
    eventually(
        [&] {
            before = switches_of(waiting.pid());
            return !within(300ms, [&] { return switches_of(waiting.pid()) != before; });
        },
        "it has settled");
    remains([&] { return switches_of(waiting.pid()) == before; }, 1500ms, "its sleep");
    holder.signal(SIGTERM);
    CHECK(holder.wait_ending() == exited(0));
    CHECK(waiting.wait_ending() == exited(0));
    check_nothing_left(scene);
}
