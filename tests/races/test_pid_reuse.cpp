// Pids that others have by now: by choice (clone3(2) with set_tid), and in a pid namespace so small
// that they come round all the time. An innocent is never signalled.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "aftermath.hpp"
#include "catch.hpp"
#include "holding.hpp"
#include "innocents.hpp"
#include "surroundings.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

// Of start times, on every system that runs these tests: USER_HZ is 100.
constexpr std::uint64_t nanoseconds_per_tick = 10'000'000;

bool is_gone(const Process& one) {
    const auto now = process(one.pid);
    return !now || now->started != one.started;
}

/// The three of a job, while they lived.
struct Trio {
    Process once;
    Process keeper;
    Process leader;

    bool are_gone() const { return is_gone(once) && is_gone(keeper) && is_gone(leader); }
};

Trio trio_of(const Holder& holder) {
    return {*process(holder.once.pid()), *process(parent_of(holder.leader)),
            *process(holder.leader)};
}

/// once and its keeper are killed both at once, and so the leader ends; its child lives on.
void crash(const Holder& holder, const Trio& trio) {
    // In this order: the end of once would make its keeper's group an orphaned one, and those who
    // are stopped in such a group are sent a CONT (setpgid(2)).
    REQUIRE(signal_exactly(trio.once, SIGSTOP));
    eventually([&] { return process_state(trio.once.pid) == 'T'; }, "once stands still");
    REQUIRE(signal_exactly(trio.keeper, SIGKILL));
    REQUIRE(signal_exactly(trio.once, SIGKILL));
    CHECK(holder.once.wait_ending() == killed_by(SIGKILL));
    eventually([&] { return trio.are_gone(); }, "all three are gone, and reaped");
}

/// Others with their pids. Where a process lives on in a group or a session, its number is not
/// given to anybody else.
std::vector<Innocent> successors_of(const std::vector<Process>& dead) {
    std::vector<Innocent> all;
    for (const Process& one : dead) {
        // The same pid within the same hundredth of a second would be the same process to anybody.
        eventually([&] { return boot_time() / nanoseconds_per_tick > one.started; },
                   "a process that starts now has another start time");
        auto innocent = Innocent::born_as(one.pid);
        INFO("pid " << one.pid << ": " << strerror(errno));
        REQUIRE(innocent);
        all.push_back(std::move(*innocent));
    }
    return all;
}

void check_untouched(std::vector<Innocent>& innocents) {
    for (Innocent& one : innocents) CHECK(one.let_go() == "");
}

bool can_choose_pids() {
    const pid_t spent = fork();
    REQUIRE(spent >= 0);
    if (spent == 0) _exit(0);
    eventually([&] { return process_state(spent) == 'Z'; }, "it has ended");
    REQUIRE(waitpid(spent, nullptr, 0) == spent);
    auto one = Innocent::born_as(spent);
    if (!one) WARN("not proven here: only root can choose the pid of a process");
    return one && one->let_go().empty();
}

Command family_options(Scenario& scene) {
    return {"-p", scene.port(), "-n", "x", "--stop-timeout", "200ms", "--pid-file", "pid"};
}

/// A job on the scenario's port, of a leader and a child that listens and outlives it. In the
/// session and group of the tests, so that the pid of its once can be another's after it.
Holder hold_family(Scenario& scene) {
    Launch how;
    how.place = Place::none;
    return hold_with_child(scene, family_options(scene), how);
}

/// The same job of a leader alone.
Holder hold_lonely(Scenario& scene) {
    Holder holder = hold_port(scene, {"-n", "x", "--pid-file", "pid"});
    wait_until_inscribed(scene, holder);
    return holder;
}

/// What somebody may ask of once about a job that has crashed.
std::vector<Command> all_requests(Scenario& scene) {
    const int port = scene.port();
    std::vector<Command> all{{"once", "status", "--json"},
                             {"once", "status", "--tree"},
                             {"once", "who", port},
                             {"once", "stop", "--stale"},
                             {"once", "stop", "--all"},
                             {"once", "stop", "x"},
                             {"once", "stop", "--force", port},
                             {"once", "restart", "x"},
                             {"once", "--force", "-p", port, "--", "true"},
                             {"once", "--pid-file", "pid", "-n", "x", "--", "true"}};
    for (const char* policy : {"--replace", "--refuse", "--reuse", "--wait"}) {
        all.push_back({"once", policy, "-p", port, "-n", "x", "--", "true"});
    }
    return all;
}

/// Which of its traces a crash has left.
enum class Traces { all, record_only, lock_only };

void forget_some(const Scenario& scene, Traces which) {
    if (which == Traces::record_only) {
        for (const auto& lock : state_files(scene, ".lock")) std::ofstream(lock) << "\n";
    }
    if (which == Traces::lock_only) {
        for (const auto& record : state_files(scene, ".json")) fs::remove(record);
    }
}

}  // namespace

namespace {

/// Makes a job, crashes it, gives its pids to others, and asks once this.
void ask_after_crash(Scenario& scene, const Command& request, Traces left, bool has_family) {
    const Holder holder = has_family ? hold_family(scene) : hold_lonely(scene);
    const Trio trio = trio_of(holder);
    crash(holder, trio);
    forget_some(scene, left);
    std::vector<Process> dead{trio.once, trio.keeper};
    if (!has_family) dead.push_back(trio.leader);
    auto innocents = successors_of(dead);
    std::string words;
    for (const Word& word : request) words += word.text + " ";
    INFO(words << static_cast<int>(left));
    (void)scene.run(request);
    check_untouched(innocents);
    // Whatever was left is swept by the next, at the latest.
    const auto next = scene.run({"once", "-p", scene.port(), "-n", "x", "--", "true"});
    CHECK(next.ending == exited(0));
    CHECK_FALSE(listening(scene.port()));
}

}  // namespace

TEST_CASE("a crashed job whose pids others have: whatever is asked of once, they are left alone",
          "[races][pids]") {
    if (!can_choose_pids()) return;
    Scenario scene;
    bool has_family = false;
    for (const Command& request : all_requests(scene)) {
        ask_after_crash(scene, request, Traces::all, has_family);
        has_family = !has_family;
    }
}

TEST_CASE("pids that others have: every request, after every crash, with all traces or some",
          "[.proof]") {
    if (!can_choose_pids()) return;
    int asked = 0;
    for (const Traces left : {Traces::all, Traces::record_only, Traces::lock_only}) {
        Scenario scene;
        for (const Command& request : all_requests(scene)) {
            for (const bool has_family : {false, true}) {
                ask_after_crash(scene, request, left, has_family);
                ++asked;
            }
        }
    }
    (void)std::printf("%d requests after crashes whose pids others had\n", asked);
}

TEST_CASE("a pid file that names a process of somebody else by now is written anew",
          "[races][pids]") {
    if (!can_choose_pids()) return;
    Scenario scene;
    const Holder crashed = hold_lonely(scene);
    const Trio trio = trio_of(crashed);
    crash(crashed, trio);
    auto innocents = successors_of({trio.once, trio.keeper, trio.leader});
    CHECK(scene.read_file("pid") == std::to_string(trio.leader.pid) + "\n");
    const Holder next = hold(scene, {"-n", "x", "--pid-file", "pid"});
    eventually([&] { return scene.read_file("pid") == std::to_string(next.leader) + "\n"; },
               "the pid file names the new leader");
    check_untouched(innocents);
}

TEST_CASE("a launch that was announced and is gone, whose pid another one has, is nobody's rival",
          "[races][pids]") {
    if (!can_choose_pids()) return;
    Scenario scene;
    const Holder crashed = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, crashed);
    const Trio trio = trio_of(crashed);
    auto announcement = state_file(scene, ".json");
    const std::string text = scene.read_file(announcement);
    crash(crashed, trio);
    auto innocents = successors_of({trio.once});
    announcement.replace_extension(".next");
    // As one that has begun later than all others would have done it.
    std::ofstream(announcement) << with_json_value(text, "begun", std::to_string(~0ULL >> 2));
    const Holder next = hold(scene, {"-n", "x"});
    next.once.signal(SIGTERM);
    CHECK(next.once.wait_ending() == killed_by(SIGTERM));
    check_untouched(innocents);
}

namespace {

void stop_all(Scenario& scene, const Running& launch) {
    CHECK(scene.run({"once", "stop", "--all"}).ending == exited(0));
    (void)launch.wait_ending();
}

/// The ways of a job under which pids come round.
void crash_and_relaunch(Scenario& scene) {
    const Holder crashed = hold_family(scene);
    crash(crashed, trio_of(crashed));
    const Holder next = hold_port(scene, {"-n", "x"});
    stop_all(scene, next.once);
}

void crash_and_stop_stale(Scenario& scene) {
    const Holder crashed = hold_family(scene);
    crash(crashed, trio_of(crashed));
    (void)scene.run({"once", "who", scene.port()});
    const auto stopped = scene.run({"once", "stop", "--stale"});
    INFO(stopped.stderr_text);
    CHECK(stopped.ending == exited(0));
    CHECK_FALSE(listening(scene.port()));
}

void crash_and_force(Scenario& scene) {
    const Holder crashed = hold_family(scene);
    crash(crashed, trio_of(crashed));
    const auto forced = scene.run({"once", "--force", "-p", scene.port(), "--", "true"});
    INFO(forced.stderr_text);
    CHECK(forced.ending == exited(0));
}

void end_a_stranger(Scenario& scene) {
    const Running stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    const auto forced = scene.run({"once", "--force", "-p", scene.port(), "--", "true"});
    INFO(forced.stderr_text);
    CHECK(forced.ending == exited(0));
    CHECK(stranger.wait_ending() == killed_by(SIGTERM));
}

void live_with_helpers(Scenario& scene) {
    const Running once =
        scene.launch({"once", "-n", "x", "--", "sh", "-c",
                      "actor ignore-term & echo up; while :; do actor exit 0 > /dev/null; done"});
    once.wait_for_output("up");
    (void)scene.run({"once", "status", "--tree"});
    const Holder next = hold(scene, {"-n", "x", "--stop-timeout", "200ms"});
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    (void)signal_exactly(*process(next.once.pid()), SIGKILL);
    eventually([&] { return held_locks(scene).empty(); }, "its keeper has ended it");
    (void)next.once.wait_ending();
}

constexpr void (*ways[])(Scenario&) = {crash_and_relaunch, crash_and_stop_stale, crash_and_force,
                                       end_a_stranger, live_with_helpers};

void go_round(int turns) {
    constexpr int most_pids = 400;  // and below 300 nobody is met again: a hundred are left
    constexpr int kept = 40;
    if (const auto why_not = FewPids::why_not(); !why_not.empty()) {
        WARN("skipped: " << why_not);
        return;
    }
    const FewPids few(most_pids);
    Scenario scene;
    long forks = 0;
    long rounds = 0;
    {
        const Churn churn(kept);
        for (int turn = 0; turn < turns; ++turn) {
            INFO("turn " << turn);
            ways[static_cast<std::size_t>(turn) % std::size(ways)](scene);
            CHECK(churn.victims() == "");
        }
        forks = churn.forks();
        rounds = churn.rounds();
    }
    CHECK(rounds > turns);
    (void)std::printf("%d jobs while pids came round %ld times (%ld innocents)\n", turns, rounds,
                      forks);
    (void)std::fflush(stdout);
}

}  // namespace

TEST_CASE("while pids come round within milliseconds, no innocent is signalled", "[races][pids]") {
    go_round(10);
}

TEST_CASE("pids that come round, for long", "[.proof]") { go_round(500); }
