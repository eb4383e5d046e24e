#include "crowd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "catch.hpp"
#include "surroundings.hpp"

namespace once::test {

bool has_begun(const Running& launch) {
    const std::string status = whole_file("/proc/" + std::to_string(launch.pid()) + "/status");
    return launch.ended() || count(status, "SigBlk:\t0000000000000000") == 0;
}

void wait_until_all_have_begun(const std::vector<Running>& launches) {
    eventually([&] { return std::all_of(launches.begin(), launches.end(), has_begun); },
               "all launches have begun");
}

Crowd::Crowd(Scenario& scene, const std::vector<std::string>& commands)
    : gun_(scene.folder() / "gun") {
    (void)remove(gun_.c_str());
    REQUIRE(mkfifo(gun_.c_str(), 0600) == 0);
    for (const std::string& command : commands) {
        launches.push_back(scene.launch({"sh", "-c", ": < gun; exec " + command}));
    }
}

Crowd::Crowd(Scenario& scene, const std::string& options, const std::string& job)
    : Crowd(scene, std::vector<std::string>(crowd_size, "once " + options + " -- " + job)) {
    fire();
    wait_until_begun();
}

Crowd::~Crowd() {
    if (fired_ >= 0) close(fired_);
}

void Crowd::fire() {
    // Opening waits for a reader.
    fired_ = open(gun_.c_str(), O_WRONLY | O_CLOEXEC);
    REQUIRE(fired_ >= 0);
}

int Crowd::ended() const {
    return static_cast<int>(std::count_if(launches.begin(), launches.end(),
                                          [](const Running& one) { return one.ended(); }));
}

int Crowd::with_output(const char* text) const {
    return static_cast<int>(
        std::count_if(launches.begin(), launches.end(),
                      [&](const Running& one) { return count(one.stdout_text(), text) > 0; }));
}

Running Crowd::winner() const {
    const int most = static_cast<int>(launches.size());
    eventually([&] { return ended() == most - 1; }, "all but one have ended");
    eventually([&] { return with_output("locked") > 0; }, "a job runs");
    const auto left = std::find_if(launches.begin(), launches.end(),
                                   [](const Running& one) { return !one.ended(); });
    REQUIRE(left != launches.end());
    left->wait_for_output("locked");
    return *left;
}

}  // namespace once::test
