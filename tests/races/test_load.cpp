// Five hundred jobs at once on one machine: that it works, and what one of them costs.

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <sstream>

#include "aftermath.hpp"
#include "catch.hpp"
#include "holding.hpp"
#include "surroundings.hpp"

using namespace once::test;

namespace {

using Seconds = std::chrono::duration<double>;

/// What stands behind `Key:` in smaps_rollup, in KiB.
long kibibytes(pid_t pid, const std::string& key) {
    const std::string text = whole_file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    const auto place = text.find("\n" + key + ":");
    return place == std::string::npos ? 0 : std::stol(text.substr(place + key.size() + 2));
}

long descriptors_of(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/fd";
    DIR* entries = opendir(path.c_str());
    if (entries == nullptr) return 0;
    long found = -2;  // . and ..
    while (readdir(entries) != nullptr) ++found;
    closedir(entries);
    return found;
}

struct Cost {
    long proportional = 0;
    long dirty = 0;
    long descriptors = 0;

    void add(pid_t pid) {
        proportional += kibibytes(pid, "Pss");
        dirty += kibibytes(pid, "Private_Dirty");
        descriptors += descriptors_of(pid);
    }
};

/// Two pipes for each job.
void allow_descriptors(int jobs) {
    rlimit limit{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, static_cast<rlim_t>(jobs) * 4 + 100);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

template <class Do>
double seconds(const Do& what) {
    const auto begun = std::chrono::steady_clock::now();
    what();
    return Seconds(std::chrono::steady_clock::now() - begun).count();
}

/// `with_ports`: each on a port of its own, on which it listens.
void hold_many(int jobs, bool with_ports) {
    allow_descriptors(jobs);
    Scenario scene;
    std::vector<Running> launches;
    const double start = seconds([&] {
        for (int i = 0; i < jobs; ++i) {
            Command words{"once", "-n", "job-" + std::to_string(i)};
            Command job{"actor", "lock", "proof-" + std::to_string(i)};
            if (with_ports) {
                const int port = scene.another_port();
                words.insert(words.end(), {"-p", port});
                job.emplace_back(port);
            }
            words.emplace_back("--");
            words.insert(words.end(), job.begin(), job.end());
            launches.push_back(scene.launch(words));
        }
        for (const Running& one : launches)
            one.wait_for_output(with_ports ? "listening" : "locked");
    });
    Finished status;
    eventually(
        [&] {
            status = scene.run({"once", "status", "--json"});
            return status.ending == exited(0);
        },
        "all are inscribed, and well");
    const double look = seconds([&] { (void)scene.run({"once", "status"}); });
    for (int i = 0; i < jobs; ++i) {
        CHECK(count(status.stdout_text, "\"job-" + std::to_string(i) + "\"") > 0);
    }
    Cost cost;
    for (const Process& one : processes()) {
        if (one.name == "once" || one.name == "job-keeper") cost.add(one.pid);
    }
    const double stop = seconds([&] {
        CHECK(scene.run({"once", "stop", "--all"}).ending == exited(0));
    });
    for (const Running& one : launches) CHECK(one.wait_ending() == killed_by(SIGTERM));
    await_nothing_left(scene);
    (void)std::printf(
        "%d jobs %s: start %.2f s, status %.2f s, stop --all %.2f s; each, once and keeper: PSS "
        "%ld KiB, private dirty %ld KiB, %.1f descriptors\n",
        jobs, with_ports ? "with a port each" : "with names", start, look, stop,
        cost.proportional / jobs, cost.dirty / jobs, static_cast<double>(cost.descriptors) / jobs);
    (void)std::fflush(stdout);
}

}  // namespace

TEST_CASE("fifty jobs at once: status shows all, stop --all ends all", "[load]") {
    hold_many(50, false);
}

TEST_CASE("500 jobs at once, by name", "[.proof][many]") {
    for (const int jobs : {125, 250, 500}) hold_many(jobs, false);
}

TEST_CASE("500 jobs at once, with a port each", "[.proof][many]") {
    for (const int jobs : {125, 250, 500}) hold_many(jobs, true);
}
