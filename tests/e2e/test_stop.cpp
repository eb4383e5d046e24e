// once stop: jobs by what they hold, or all; what crashed ones left.

#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "stopping.hpp"

using namespace once::test;
using Catch::Matchers::StartsWith;

namespace {

std::string text(int number) { return std::to_string(number); }

/// Nobody, no record, no announcement; and the slots can be had without a word.
void check_nothing_held(Scenario& scene, const Command& slots) {
    CHECK(scene.survivors().empty());
    CHECK_FALSE(listening(scene.port()));
    CHECK(state_files(scene, ".json").empty());
    CHECK(state_files(scene, ".next").empty());
    Command options{"--refuse"};
    options.insert(options.end(), slots.begin(), slots.end());
    const auto next = scene.run(with_options(options, {"true"}));
    CHECK(next.ending == exited(0));
    CHECK(next.stderr_text.empty());
}

}  // namespace

TEST_CASE("stop by port ends the job, both say so, and nothing is left", "[stop]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    const auto stopping = scene.launch(stop_command({scene.port()}));
    CHECK(stopping.wait_ending() == exited(0));
    CHECK(holder.once.ended());
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
    CHECK_THAT(holder.once.stderr_text(),
               StartsWith("once: stopped by 'once stop " + text(scene.port()) + "'") &&
                   has(pid_text(stopping.pid())));
    CHECK_THAT(stopping.stderr_text(),
               StartsWith("once: stopped 'actor lock") && has(pid_text(holder.once.pid())));
    CHECK(count(holder.once.stderr_text(), "\n") == 1);
    CHECK(count(stopping.stderr_text(), "\n") == 1);
    CHECK(stopping.stdout_text().empty());
    check_nothing_held(scene, {"-p", scene.port()});
}

TEST_CASE("stop by name ends the job with all its slots", "[stop]") {
    Scenario scene;
    const auto holder = hold_port(scene, {"-n", "web"});
    CHECK(stop(scene, {"web"}).ending == exited(0));
    CHECK(holder.once.ended());
    CHECK_THAT(holder.once.stderr_text(), has("stopped by 'once stop web'"));
    check_nothing_held(scene, {"-p", scene.port(), "-n", "web"});
}

TEST_CASE("stop ends a job from another folder", "[stop]") {
    Scenario scene;
    const auto holder = hold_port(scene, {}, {.folder = scene.another_folder("elsewhere")});
    CHECK(stop(scene, {scene.port()}).ending == exited(0));
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
    check_nothing_held(scene, {"-p", scene.port()});
}

TEST_CASE("a dot means the jobs of this folder that have neither port nor name", "[stop]") {
    Scenario scene;
    const auto other = scene.another_folder("other");
    const auto named = hold(scene, {"-n", "x"});
    const auto one = scene.launch({"once", "--", "actor", "print-signals"});
    const auto two = scene.launch({"once", "--", "actor", "print-signals", "--exit-on", "TERM"});
    (void)one.ready_pid();
    (void)two.ready_pid();
    CHECK(stop(scene, {"."}, {.folder = other}).ending == exited(1));
    for (const char* verb : {"restart", "logs"}) {
        const auto several = scene.run({"once", verb, "."});
        CHECK(several.ending == exited(125));
        CHECK_THAT(several.stderr_text, has("several jobs of this folder"));
    }
    CHECK(stop(scene, {"."}).ending == exited(0));
    CHECK(one.wait_ending() == exited(0));
    CHECK(two.wait_ending() == exited(0));
    CHECK_FALSE(named.once.ended());
}

TEST_CASE("where a detached job has ended it is said how to read its log", "[stop][status]") {
    Scenario scene;
    CHECK(scene.run({"once", "-d", "-n", "x", "--", "actor", "print-signals"}).ending == exited(0));
    CHECK(stop(scene, {"x"}).ending == exited(0));
    for (const char* verb : {"status", "restart", "stop"}) {
        CHECK_THAT(
            scene.run({"once", verb, "x"}).stderr_text,
            has("nobody started by once holds 'x'; what the last one there wrote: once logs x"));
    }
}

TEST_CASE("stop ends a job before its record is written", "[stop]") {
    Scenario scene;
    for (int round = 0; round < 10; ++round) {
        const auto holder = hold(scene, {"-n", "x"});  // stands a few ms before it is inscribed
        CHECK(stop(scene, {"x"}).ending == exited(0));
        CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
        CHECK_THAT(holder.once.stderr_text(), has("stopped by 'once stop x'"));
    }
    check_nothing_held(scene, {"-n", "x"});
}

TEST_CASE("stop with several targets ends these jobs and no other", "[stop]") {
    Scenario scene;
    const auto by_port = hold_port(scene);
    const auto by_name = scene.launch(
        {"once", "-n", "web", "--", "actor", "listen-slow-stop", scene.another_port(), 100});
    const auto other = scene.launch({"once", "-n", "other", "--", "actor", "print-signals"});
    by_name.wait_for_output("listening");
    const pid_t bystander = other.ready_pid();
    const auto stopped = stop(scene, {"web", scene.port(), "web"});
    CHECK(stopped.ending == exited(0));
    CHECK(count(stopped.stderr_text, "once: stopped '") == 2);
    CHECK(by_port.once.ended());
    CHECK(by_name.wait_ending() == exited(0));
    CHECK(kill(bystander, SIGUSR1) == 0);
    other.wait_for_output("got SIGUSR1");
    CHECK_THAT(other.stdout_text(), !has("SIGTERM") && !has("SIGCONT"));
}

TEST_CASE("stop of one that is held and one that is not ends the one, and exits 1", "[stop]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    const auto stopped = stop(scene, {"nobody", scene.port()});
    CHECK(stopped.ending == exited(1));
    CHECK_THAT(stopped.stderr_text,
               has("nobody started by once holds 'nobody'") && has("stopped 'actor lock"));
    CHECK(holder.once.ended());
    check_nothing_held(scene, {"-p", scene.port()});
}

TEST_CASE("stop --all ends every job: of ports, of names, of folders, from anywhere", "[stop]") {
    Scenario scene;
    const Command wait{"actor", "listen-slow-stop", scene.another_port(), 50};
    const auto by_port = hold_port(scene);
    const auto by_name = scene.launch({"once", "-n", "web", "--", "actor", "print-signals"});
    const auto by_folder =
        scene.launch(with_options({}, wait), {.folder = scene.another_folder("elsewhere")});
    (void)by_name.ready_pid();
    by_folder.wait_for_output("listening");
    const auto stopped = stop(scene, {"--all"});
    CHECK(stopped.ending == exited(0));
    CHECK(count(stopped.stderr_text, "once: stopped '") == 3);
    for (const auto& once : {by_port.once, by_name, by_folder}) CHECK(once.ended());
    check_nothing_held(scene, {"-p", scene.port(), "-n", "web"});
    const auto again = stop(scene, {"--all"});
    CHECK(again.ending == exited(1));
    CHECK(again.stderr_text == "once: nothing is held\n");
}

TEST_CASE("stop asks all jobs at once: none waits for the end of another", "[stop]") {
    Scenario scene;
    REQUIRE(mkfifo((scene.folder() / "meeting").c_str(), 0600) == 0);
    // To open a FIFO waits for the other side: each can end only after both were asked.
    const auto member = [](const std::string& come) {
        return "trap '" + come + "; exit 5' TERM; sleep 1000 & echo stands; wait";
    };
    for (const Command& words : {Command{"--all"}, Command{"one", "other"}}) {
        const auto one = scene.launch({"once", "-n", "one", "--stop-timeout", "1m", "--", "sh",
                                       "-c", member("echo asked > meeting")});
        const auto other = scene.launch({"once", "-n", "other", "--stop-timeout", "1m", "--", "sh",
                                         "-c", member("read word < meeting")});
        one.wait_for_output("stands");
        other.wait_for_output("stands");
        CHECK(stop(scene, words).ending == exited(0));
        CHECK(one.wait_ending() == exited(5));
        CHECK(other.wait_ending() == exited(5));
    }
}

TEST_CASE("stop of several jobs: each gets one TERM, and each once says by whom it was stopped",
          "[stop]") {
    Scenario scene;
    std::vector<Running> all;
    std::vector<pid_t> leaders;
    for (const char* name : {"a", "b", "c"}) {
        all.push_back(
            scene.launch({"once", "-n", name, "-p", scene.another_port(), "--stop-timeout", "1m",
                          "--", "actor", "print-signals", "--exit-on", "USR1"}));
        leaders.push_back(all.back().ready_pid());
    }
    const auto stopping = scene.launch(stop_command({"--all"}));
    for (const Running& one : all) one.wait_for_output("got SIGTERM");
    for (const Running& one : all) {
        one.wait_for_error("once: stopped by 'once stop --all' " + pid_text(stopping.pid()));
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        REQUIRE(kill(leaders.at(i), SIGUSR1) == 0);
        CHECK(all.at(i).wait_ending() == exited(0));
        CHECK(count(all.at(i).stdout_text(), "got SIGTERM") == 1);
    }
    CHECK(stopping.wait_ending() == exited(0));
    CHECK(count(stopping.stderr_text(), "once: stopped '") == 3);
    check_nothing_held(scene, {"-n", "a", "-n", "a"});
}

TEST_CASE("stop of a job that lives and of what a crashed one left on its port", "[stop]") {
    Scenario scene;
    const auto crashed = hold_with_child(scene, {"-p", scene.port(), "--stop-timeout", "300ms"});
    const auto other = hold(scene, {"-n", "x"});
    kill_both(crashed);
    const auto stopped = stop(scene, {"--all"});
    CHECK(stopped.ending == exited(0));
    CHECK_THAT(stopped.stderr_text, has("stopped 'actor lock") && has("sweeping"));
    CHECK(other.once.ended());
    check_nothing_held(scene, {"-p", scene.port(), "-n", "x"});
}

TEST_CASE("a job that ignores TERM is killed after its own stop timeout, and stop waits for it",
          "[stop]") {
    Scenario scene;
    const auto stubborn = scene.launch({"once", "-p", scene.port(), "--stop-timeout", "1300ms",
                                        "--", "actor", "ignore-term", scene.port()});
    stubborn.wait_for_output("listening");
    const auto begun = boot_time();
    const auto stopped = stop(scene, {scene.port()});
    CHECK(boot_time() - begun >= 1'300'000'000);
    CHECK(stopped.ending == exited(0));
    CHECK_THAT(stopped.stderr_text, has("waiting for the end of 'actor ignore-term"));
    CHECK(stubborn.ended());
    CHECK(stubborn.wait_ending() == killed_by(SIGKILL));
    check_nothing_held(scene, {"-p", scene.port()});
}

TEST_CASE("stop returns when the port is free, not when the leader has gone", "[stop]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "-p", scene.port(), "--", "actor", "share-socket", scene.port(), 400});
    once.wait_for_output("shared");
    CHECK(stop(scene, {scene.port()}).ending == exited(0));
    check_nothing_held(scene, {"-p", scene.port()});
}

TEST_CASE("stop ends a job whose once, keeper or leader is suspended", "[stop]") {
    Scenario scene;
    for (const int who : {0, 1, 2}) {
        const auto holder = hold_port(scene);
        wait_until_inscribed(scene, holder);
        const pid_t keeper = parent_of(holder.leader);
        const pid_t suspended = who == 0 ? holder.once.pid() : who == 1 ? keeper : holder.leader;
        REQUIRE(kill(suspended, SIGSTOP) == 0);
        eventually([&] { return process_state(suspended) == 'T'; }, "it is stopped");
        CHECK(stop(scene, {scene.port()}).ending == exited(0));
        CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
        check_nothing_held(scene, {"-p", scene.port()});
    }
}

TEST_CASE("stop --stale sweeps what a crashed job left, and touches no other", "[stop]") {
    Scenario scene;
    const auto crashed = hold_with_child(
        scene, {"-p", scene.port(), "--stop-timeout", "300ms", "--pid-file", "pid"});
    const pid_t rest = crashed.once.pid_after("ready");
    const auto other = scene.launch({"once", "-n", "other", "--", "actor", "print-signals"});
    const pid_t bystander = other.ready_pid();
    kill_both(crashed);
    REQUIRE(alive(rest));
    const auto swept = stop(scene, {"--stale"}, {.folder = scene.another_folder("elsewhere")});
    CHECK(swept.ending == exited(0));
    CHECK_THAT(swept.stderr_text,
               has("a crashed 'sh -c actor ignore-term") && has(": pid " + text(rest)));
    CHECK_FALSE(alive(rest));
    CHECK_FALSE(listening(scene.port()));
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "pid"));
    const auto again = stop(scene, {"--stale"});
    CHECK(again.ending == exited(1));
    CHECK(again.stderr_text == "once: no crashed job has left anything\n");
    CHECK(kill(bystander, SIGUSR1) == 0);
    other.wait_for_output("got SIGUSR1");
    CHECK_THAT(other.stdout_text(), !has("SIGTERM"));
}

TEST_CASE("stop by port, and stop --all, sweep what a crashed job left as well", "[stop]") {
    Scenario scene;
    for (const Command& words :
         {Command{scene.port()}, Command{"--all"}, Command{"--stale", scene.port()}}) {
        const auto crashed =
            hold_with_child(scene, {"-p", scene.port(), "--stop-timeout", "300ms"});
        kill_both(crashed);
        CHECK(stop(scene, words).ending == exited(0));
        check_nothing_held(scene, {"-p", scene.port()});
    }
}

TEST_CASE("a job can stop another one", "[stop]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    CHECK(scene.run({"once", "-n", "y", "--", "once", "stop", "x"}).ending == exited(0));
    CHECK(holder.once.ended());
}

TEST_CASE("stop of an outer job ends the nested one as well", "[stop][nested]") {
    Scenario scene;
    const auto outer = scene.launch({"once", "-n", "outer", "--", "once", "-p", scene.port(), "--",
                                     "actor", "listen", scene.port()});
    outer.wait_for_output("listening");
    CHECK(stop(scene, {"outer"}).ending == exited(0));
    CHECK(outer.ended());
    check_nothing_held(scene, {"-p", scene.port()});
}

TEST_CASE("two stops of one job at once: it ends, and neither waits for ever", "[stop]") {
    Scenario scene;
    const auto slow = scene.launch(
        {"once", "-p", scene.port(), "--", "actor", "listen-slow-stop", scene.port(), 400});
    slow.wait_for_output("listening");
    const auto one = scene.launch(stop_command({scene.port()}));
    slow.wait_for_output("stopping");
    const auto other = scene.launch(stop_command({scene.port()}));
    CHECK(slow.wait_ending() == exited(0));
    (void)one.wait_ending();
    CHECK(other.wait_ending() == exited(0));
    check_nothing_held(scene, {"-p", scene.port()});
}

TEST_CASE("stop is ended by a signal while it waits", "[stop]") {
    Scenario scene;
    const auto stubborn =
        scene.launch({"once", "-n", "x", "--stop-timeout", "1m", "--", "actor", "ignore-term"});
    const pid_t leader = stubborn.ready_pid();
    const auto stopping = scene.launch(stop_command({"x"}));
    stopping.wait_for_error("waiting for the end of");
    stopping.signal(SIGINT);
    CHECK(stopping.wait_ending() == killed_by(SIGINT));
    CHECK(alive(leader));
    REQUIRE(kill(leader, SIGKILL) == 0);
    CHECK(stubborn.wait_ending() == killed_by(SIGKILL));
}

TEST_CASE("stop -q ends without a word", "[stop]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const auto stopped = stop(scene, {"-q", "x"});
    CHECK(stopped.ending == exited(0));
    CHECK(stopped.stderr_text.empty());
    CHECK(holder.once.ended());
}

TEST_CASE("several stops of one job at once all end well", "[stop]") {
    Scenario scene;
    const auto holder =
        scene.launch({"once", "-n", "x", "--stop-timeout", "500ms", "--", "actor", "ignore-term"});
    wait_until_inscribed(scene, {holder, holder.ready_pid()});
    std::vector<Running> stops;
    for (int i = 0; i < 5; ++i) stops.push_back(scene.launch({"once", "stop", "x"}));
    for (const Running& one : stops) {
        const auto ending = one.wait_ending();
        INFO(one.stderr_text());
        // One that came when all was over found nothing to stop.
        CHECK((ending == exited(0) || ending == exited(1)));
    }
    (void)holder.wait_ending();
    CHECK(scene.run({"once", "-n", "x", "--refuse", "--", "true"}).ending == exited(0));
}

TEST_CASE("a job whose record is damaged is shown and stopped all the same", "[stop][status]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    std::ofstream(state_file(scene, ".json")) << "{";
    const auto status = scene.run({"once", "status"});
    CHECK_THAT(status.stdout_text, has("actor lock"));
    CHECK_THAT(status.stderr_text, has("is damaged"));
    CHECK(scene.run({"once", "stop", "x"}).ending == exited(0));
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("stop --stale leaves a launch alone that sweeps what a crashed job left: 75", "[stop]") {
    Scenario scene;
    const auto crashed =
        hold_with_child(scene, {"-p", scene.port(), "--stop-timeout", "1h", "--pid-file", "pid"});
    const pid_t rest = crashed.once.pid_after("ready");
    kill_both(crashed);
    const auto next =
        scene.launch({"once", "-p", scene.port(), "--", "actor", "lock", "proof", scene.port()});
    next.wait_for_error("sweeping");
    const auto swept = stop(scene, {"--stale"});
    CHECK(swept.ending == exited(75));
    CHECK_THAT(swept.stderr_text, has(pid_text(next.pid())));
    CHECK_FALSE(next.ended());
    REQUIRE(kill(rest, SIGKILL) == 0);
    next.wait_for_output("listening");
    CHECK(stop(scene, {scene.port()}).ending == exited(0));
}
