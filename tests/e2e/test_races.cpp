// Twenty launches at once. Each job takes a lock that proves that it is the only one; a second job
// would say so and exit with 99.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <random>

#include "crowd.hpp"
#include "holding.hpp"

using namespace once::test;

namespace {

std::string job_text(int port) { return "actor lock proof " + std::to_string(port); }

// A child of once that has no name of its own yet may be the leak sanitizer's at once's end, which
// would wait for it for ever.
std::vector<pid_t> onces_and_keepers() {
    std::vector<pid_t> found;
    const auto ours = descendants(getpid());
    for (const Process& one : processes()) {
        if (std::find(ours.begin(), ours.end(), one.pid) == ours.end()) continue;
        const auto parent = process(one.parent);
        const bool is_once = one.name == "once" && !(parent && parent->name == "once");
        if (one.is_alive() && (is_once || one.name == "job-keeper")) found.push_back(one.pid);
    }
    return found;
}

void check_lost(const Running& launch) {
    const Ending ending = launch.wait_ending();
    INFO("it ended like this: " << ending << "\n" << launch.stdout_text() << launch.stderr_text());
    CHECK((ending == exited(75) || ending == killed_by(SIGTERM)));
    CHECK(count(launch.stdout_text(), "second") == 0);
}

}  // namespace

TEST_CASE("twenty launches at once with --replace: one job at any moment, one left at the end",
          "[races][replace]") {
    Scenario scene;
    for (int round = 0; round < 8; ++round) {
        const Crowd crowd(scene, "-p " + std::to_string(scene.port()), job_text(scene.port()));
        const Running winner = crowd.winner();
        winner.wait_for_output("listening");
        for (const Running& one : crowd.launches) {
            if (one.pid() != winner.pid()) check_lost(one);
        }
        CHECK(crowd.with_output("second") == 0);
        CHECK(listener_pids(scene.port()) == std::vector<pid_t>{winner.ready_pid()});
        (void)state_file(scene, ".json");
        winner.signal(SIGTERM);
        CHECK(winner.wait_ending() == killed_by(SIGTERM));
    }
}

TEST_CASE("twenty launches one after the other with --replace: the one begun last is left",
          "[races][replace]") {
    Scenario scene;
    for (int round = 0; round < 8; ++round) {
        std::vector<Running> launches;
        std::uint64_t last_one_began_after = 0;
        for (int i = 0; i < crowd_size; ++i) {
            // A launch begins after this moment, and the next is made when its exec is done.
            last_one_began_after = boot_time();
            launches.push_back(scene.launch(with_options({"-n", "x"}, job(scene))));
        }
        const auto is_left = [](const Running& one) { return !one.ended(); };
        eventually([&] { return std::count_if(launches.begin(), launches.end(), is_left) == 1; },
                   "one is left");
        const Running& winner = *std::find_if(launches.begin(), launches.end(), is_left);
        winner.wait_for_output("locked");
        const auto status = scene.run({"once", "status", "--json"}).stdout_text;
        CHECK(json_value(status, "pid") == std::to_string(winner.pid()));
        const std::string begun = json_value(status, "begun");
        REQUIRE_FALSE(begun.empty());
        // Every one begun later than the survivor would have had to be left instead; the last one
        // was begun after this. So the survivor is that one, or one so near that nobody can tell.
        CHECK(std::stoull(begun) >= last_one_began_after);
        for (const Running& one : launches) {
            if (one.pid() == winner.pid()) continue;
            check_lost(one);
        }
    }
}

TEST_CASE("a launch that is begun after nineteen others is the one that is left",
          "[races][replace]") {
    Scenario scene;
    for (int round = 0; round < 8; ++round) {
        std::vector<Running> older;
        for (int i = 1; i < crowd_size; ++i) {
            older.push_back(scene.launch(with_options({"-n", "x"}, job(scene))));
        }
        wait_until_all_have_begun(older);
        const auto newest = hold(scene, {"-n", "x"});
        for (const Running& one : older) {
            check_lost(one);
        }
        CHECK_FALSE(newest.once.ended());
        newest.once.signal(SIGTERM);
        CHECK(newest.once.wait_ending() == killed_by(SIGTERM));
    }
}

TEST_CASE("twenty launches at once with --refuse: one runs, all others are refused",
          "[races][refuse]") {
    Scenario scene;
    for (int round = 0; round < 8; ++round) {
        const Crowd crowd(scene, "--refuse -p " + std::to_string(scene.port()),
                          job_text(scene.port()));
        const Running winner = crowd.winner();
        for (const Running& one : crowd.launches) {
            if (one.pid() != winner.pid()) CHECK(one.wait_ending() == exited(75));
        }
        CHECK(crowd.with_output("ready") == 1);
        winner.signal(SIGTERM);
        CHECK(winner.wait_ending() == killed_by(SIGTERM));
    }
}

TEST_CASE("twenty launches at once with --reuse: one runs, all others exit 0", "[races][reuse]") {
    Scenario scene;
    for (int round = 0; round < 4; ++round) {
        const Crowd crowd(scene, "--reuse -p " + std::to_string(scene.port()),
                          job_text(scene.port()));
        const Running winner = crowd.winner();
        for (const Running& one : crowd.launches) {
            if (one.pid() != winner.pid()) CHECK(one.wait_ending() == exited(0));
        }
        CHECK(crowd.with_output("ready") == 1);
        winner.signal(SIGTERM);
        CHECK(winner.wait_ending() == killed_by(SIGTERM));
    }
}

TEST_CASE("twenty launches at once with --wait: all run, one after the other", "[races][wait]") {
    Scenario scene;
    (void)scene.write_script("job", "mkdir busy || exit 99\necho ran >> log\nrmdir busy\n");
    for (int round = 0; round < 4; ++round) {
        const Crowd crowd(scene, "--wait -n x", "./job");
        for (const Running& one : crowd.launches) CHECK(one.wait_ending() == exited(0));
        CHECK(count(scene.read_file("log"), "ran") == crowd_size * (round + 1));
    }
}

TEST_CASE("launches with all policies at once: never two jobs", "[races]") {
    Scenario scene;
    const char* policies[] = {"--replace", "--refuse", "--reuse", "--wait=1s"};
    for (int round = 0; round < 4; ++round) {
        std::vector<Running> launches;
        for (int i = 0; i < crowd_size; ++i) {
            launches.push_back(
                scene.launch(with_options({"-n", "x", policies[i % 4]}, job(scene))));
        }
        wait_until_all_have_begun(launches);
        const auto last = hold(scene, {"-n", "x"});
        for (const Running& one : launches) {
            const Ending ending = one.wait_ending();
            INFO("it ended like this: " << ending);
            CHECK((ending == exited(75) || ending == killed_by(SIGTERM) || ending == exited(0)));
            CHECK(count(one.stdout_text(), "second") == 0);
        }
        CHECK_FALSE(last.once.ended());
        last.once.signal(SIGTERM);
        CHECK(last.once.wait_ending() == killed_by(SIGTERM));
    }
}

TEST_CASE(
    "once and keepers killed at random among twenty launches: never two jobs, and the next "
    "launch works",
    "[races][crash]") {
    Scenario scene;
    std::mt19937 dice(8001);
    for (int round = 0; round < 6; ++round) {
        Crowd crowd(scene, "-n x --stop-timeout 500ms", "actor lock proof");
        for (int victim = 0; victim < 10; ++victim) {
            const auto candidates = onces_and_keepers();
            if (candidates.empty()) break;
            (void)kill(candidates[dice() % candidates.size()], SIGKILL);
        }
        const auto last = hold(scene, {"-n", "x"});
        for (const Running& one : crowd.launches) (void)one.wait_ending();
        CHECK(crowd.with_output("second") == 0);
        CHECK_FALSE(last.once.ended());
        CHECK(scene.run({"once", "--refuse", "-n", "x", "--", "true"}).ending == exited(75));
        last.once.signal(SIGTERM);
        CHECK(last.once.wait_ending() == killed_by(SIGTERM));
        eventually([&] { return scene.survivors().empty(); }, "nobody is left");
    }
}
