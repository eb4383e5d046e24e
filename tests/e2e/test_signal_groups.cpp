// What is sent to a whole group or to every process of a tree reaches the job exactly once, too:
// the keeper, which has all signals blocked, sees it and tells.

#include <signal.h>

#include <cstring>

#include "aftermath.hpp"
#include "catch.hpp"

using namespace once::test;

namespace {

constexpr std::chrono::milliseconds twice_the_patience{150};

struct Job {
    Running starter;
    pid_t once;
    pid_t keeper;
    pid_t leader;

    int seen(const std::string& signal) const { return times_got(starter.stdout_text(), signal); }
    /// By now the signal has been seen that often, and no second delivery follows.
    void sees(const std::string& signal, int times) const {
        eventually([&] { return seen(signal) >= times; }, signal);
        remains([&] { return seen(signal) == times; }, twice_the_patience, signal);
    }
};

Job launch_printer(Scenario& scene, const char* group) {
    const auto once = scene.launch({"once", "--group", group, "--stop-timeout", "1h", "--", "actor",
                                    "print-signals", "--exit-on", "POLL"});
    const pid_t leader = once.ready_pid();
    return {once, once.pid(), parent_of(leader), leader};
}

void end(const Job& job) {
    REQUIRE(kill(job.leader, SIGPOLL) == 0);
    CHECK(job.starter.wait_ending() == exited(0));
}

std::string name_of(int signal) { return "SIG" + std::string(sigabbrev_np(signal)); }

}  // namespace

TEST_CASE("a signal to the group that once shares with its job reaches the job once",
          "[signals][groups]") {
    Scenario scene;
    const Job job = launch_printer(scene, "shared");
    CHECK(group_of(job.keeper) == job.once);
    CHECK(group_of(job.leader) == job.once);
    for (int round = 1; round <= 6; ++round) {
        REQUIRE(kill(-job.once, SIGUSR1) == 0);
        job.sees("SIGUSR1", round);
        REQUIRE(kill(job.once, SIGUSR1) == 0);  // and right after it one for once alone
        job.sees("SIGUSR1", ++round);
    }
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR2}) {
        REQUIRE(kill(-job.once, signal) == 0);
        job.sees(name_of(signal), 1);
    }
    end(job);
    check_nothing_left(scene);
}

TEST_CASE("a signal to the group of once alone reaches a job in its own group once",
          "[signals][groups]") {
    Scenario scene;
    const Job job = launch_printer(scene, "own");
    for (const int signal : {SIGUSR1, SIGINT, SIGHUP, SIGTERM}) {
        REQUIRE(kill(-job.once, signal) == 0);
        job.sees(name_of(signal), 1);
    }
    end(job);
}

TEST_CASE("a signal to each process of the tree reaches the job once, in whatever order",
          "[signals][groups]") {
    Scenario scene;
    for (const char* group : {"own", "shared"}) {
        const Job job = launch_printer(scene, group);
        INFO(group);
        int times = 0;
        for (const auto& order : {std::vector<pid_t>{job.once, job.keeper, job.leader},
                                  std::vector<pid_t>{job.leader, job.keeper, job.once},
                                  std::vector<pid_t>{job.keeper, job.once, job.leader}}) {
            for (const pid_t pid : order) REQUIRE(kill(pid, SIGUSR1) == 0);
            ++times;
            job.sees("SIGUSR1", times);
            for (const pid_t pid : order) REQUIRE(kill(pid, SIGTERM) == 0);
            job.sees("SIGTERM", times);
        }
        end(job);
    }
    check_nothing_left(scene);
}

TEST_CASE("a TERM to the whole group starts the stop plan's clock", "[signals][groups][stop]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--group", "shared", "--stop-timeout", "200ms", "--",
                                    "actor", "print-signals", "--exit-on", "USR1"});
    (void)once.ready_pid();
    REQUIRE(kill(-once.pid(), SIGTERM) == 0);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    CHECK(times_got(once.stdout_text(), "SIGTERM") == 1);
    check_nothing_left(scene);
}

namespace {

std::string words_of(const Process& process) {
    std::string words;
    for (const std::string& word : command_of(process.pid)) words += word + " ";
    return words;
}

/// As pkill(1) does it, with -f or without.
void signal_all_called_once(Scenario& scene, bool by_command_line, int signal) {
    for (const Process& one : scene.survivors()) {
        const std::string text = by_command_line ? words_of(one) : one.name;
        if (text.find("once") != std::string::npos) REQUIRE(signal_exactly(one, signal));
    }
}

}  // namespace

TEST_CASE("a TERM to all that are named once, as pkill sends it, asks the job to end",
          "[signals][groups][stop]") {
    Scenario scene;
    for (const bool by_command_line : {false, true}) {
        for (const char* group : {"own", "shared"}) {
            CAPTURE(by_command_line, group);
            const auto once = scene.launch(
                {"once", "--group", group, "--stop-timeout", "1h", "--", "actor", "print-signals"});
            (void)once.ready_pid();
            signal_all_called_once(scene, by_command_line, SIGTERM);
            CHECK(once.wait_ending() == exited(0));
            CHECK(times_got(once.stdout_text(), "SIGTERM") == 1);
            check_nothing_left(scene);
        }
    }
}

TEST_CASE(
    "a KILL to all that are named once, as pkill sends it, spares the keeper, which cleans up",
    "[signals][keeper]") {
    Scenario scene;
    for (const bool by_command_line : {false, true}) {
        CAPTURE(by_command_line);
        const auto once = scene.launch({"once", "--stop-timeout", "200ms", "--", "sh", "-c",
                                        "actor ignore-term & exec actor tree 5"});
        once.wait_for_output("tree 5");
        eventually([&] { return count(once.stdout_text(), "ready ") == 2; }, "both are ready");
        signal_all_called_once(scene, by_command_line, SIGKILL);
        CHECK(once.wait_ending() == killed_by(SIGKILL));
        await_nothing_left(scene);
    }
}

TEST_CASE("a keeper is called that, and its job's words, as far as there is room",
          "[keeper][status]") {
    Scenario scene;
    const auto title = [&](const Command& command) {
        const auto once = scene.launch(command);
        const auto keeper = process(parent_of(once.ready_pid()));
        REQUIRE(keeper);
        const auto words = words_of(*keeper);
        CHECK(keeper->name == "job-keeper");
        once.signal(SIGTERM);
        CHECK(once.wait_ending() == exited(0));
        return words.substr(0, words.find_last_not_of(' ') + 1);
    };
    CHECK(title({"once", "-n", "x", "--", "actor", "print-signals"}) ==
          "job-keeper actor print-signals");
    CHECK(title({"once", "--", "actor", "print-signals", "--exit-on", "TERM"}) ==
          "job-kee actor print-signals --exit-on TERM");
    CHECK(title({"once", "actor", "print-signals"}) == "job- actor print-signals");
    // Longer than we care to read.
    const std::string long_word(100'000, 'x');
    CHECK_THAT(title({"once", "-n", "x", "--", "sh", "-c", "exec actor print-signals", long_word}),
               Catch::Matchers::StartsWith("once -n x"));
}

TEST_CASE("a HUP to the whole group is followed by a TERM", "[signals][groups][stop]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "--group", "shared", "--stop-timeout", "200ms", "--", "actor", "print-signals"});
    (void)once.ready_pid();
    REQUIRE(kill(-once.pid(), SIGHUP) == 0);
    CHECK(once.wait_ending() == exited(0));
    CHECK(times_got(once.stdout_text(), "SIGHUP") == 1);
    CHECK(times_got(once.stdout_text(), "SIGTERM") == 1);
    check_nothing_left(scene);
}

TEST_CASE("a process of the job that signals its whole group is heard once by each",
          "[signals][groups]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "--group", "shared", "--stop-timeout", "1h", "--", "bash", "-c",
                      "exec 3<&0; (trap '' USR1; read line <&3; kill -USR1 0; "
                      "echo sent; read line <&3) & exec actor print-signals"},
                     {.input = Input::pipe});
    (void)once.ready_pid();
    once.write_input("go\n");
    once.wait_for_output("sent");
    once.wait_for_output("got SIGUSR1");
    once.signal(SIGUSR2);
    once.wait_for_output("got SIGUSR2");
    CHECK(times_got(once.stdout_text(), "SIGUSR1") == 1);
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == exited(0));
    CHECK(count(once.stdout_text(), "signals 3\n") == 1);
}
