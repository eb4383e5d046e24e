#include "background.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aftermath.hpp"
#include "catch.hpp"
#include "holding.hpp"
#include "surroundings.hpp"

namespace once::test {

namespace fs = std::filesystem;

std::string status_value(Scenario& scene, const Word& target, const std::string& key) {
    const auto said = scene.run({"once", "status", target, "--json"});
    auto value = json_value(said.stdout_text, key);
    if (value.size() > 1 && value.front() == '"') value = value.substr(1, value.size() - 2);
    return value;
}

pid_t status_pid(Scenario& scene, const Word& target, const std::string& whose) {
    const auto pid = json_value(status_value(scene, target, whose), "pid");
    return pid.empty() ? 0 : std::stoi(pid);
}

void wait_until_state(Scenario& scene, const Word& target, std::string_view state) {
    eventually([&] { return status_value(scene, target, "state") == state; },
               "status says " + std::string(state));
}

Detached detach(Scenario& scene, const Command& options, const Command& job, const Launch& how) {
    Command all{"-d", "-n", "x"};
    all.insert(all.end(), options.begin(), options.end());
    const auto called = scene.run(with_options(all, job), how);
    CHECK(called.stderr_text.empty());
    CHECK(called.stdout_text.empty());
    REQUIRE(called.ending == exited(0));
    return {status_pid(scene, "x", "once"), status_pid(scene, "x", "keeper"),
            status_pid(scene, "x", "leader"), status_value(scene, "x", "log")};
}

void wait_for_text(const fs::path& file, std::string_view text) {
    eventually([&] { return whole_file(file).find(text) != std::string::npos; },
               "'" + std::string(text) + "' in " + file.string());
}

void stop(Scenario& scene, const Word& target) {
    CHECK(scene.run({"once", "stop", target}).ending == exited(0));
    check_nothing_left(scene);
}

fs::path make_gate(const Scenario& scene, const std::string& name) {
    auto gate = scene.folder() / name;
    REQUIRE(mkfifo(gate.c_str(), 0600) == 0);
    return gate;
}

void open_gate(const fs::path& gate) {
    int way = -1;
    // Nobody can be waited for who has not come yet: then there is no reader (fifo(7)).
    eventually(
        [&] {
            way = open(gate.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
            return way >= 0;
        },
        "somebody waits at " + gate.string());
    (void)!write(way, "go\n", 3);
    close(way);
}

}  // namespace once::test
