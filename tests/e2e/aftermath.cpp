#include "aftermath.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "catch.hpp"
#include "surroundings.hpp"

namespace once::test {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> files_ending_in(const Scenario& scene, const char* extension) {
    std::vector<fs::path> found;
    std::error_code nothing;  // there is no state folder yet, or a file has gone meanwhile
    fs::recursive_directory_iterator files(scene.state_folder(), nothing);
    for (; files != fs::recursive_directory_iterator(); files.increment(nothing)) {
        if (files->path().extension() == extension) found.push_back(files->path());
    }
    return found;
}

bool is_held(const fs::path& lock) {
    const int file = open(lock.c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0) return false;
    const bool held = flock(file, LOCK_EX | LOCK_NB) != 0;
    close(file);
    return held;
}

void check_no_trace(Scenario& scene) {
    CHECK_FALSE(listening(scene.port()));
    CHECK(records(scene) == std::vector<fs::path>());
    CHECK(held_locks(scene) == std::vector<fs::path>());
}

}  // namespace

std::vector<fs::path> records(const Scenario& scene) { return files_ending_in(scene, ".json"); }

std::vector<fs::path> held_locks(const Scenario& scene) {
    std::vector<fs::path> held;
    for (const fs::path& lock : files_ending_in(scene, ".lock")) {
        if (is_held(lock)) held.push_back(lock);
    }
    return held;
}

void check_nothing_left(Scenario& scene) {
    std::string left;
    for (const Process& one : scene.survivors()) left += portrait(one) + "\n";
    CHECK(left == "");
    check_no_trace(scene);
}

void check_nothing_left_but(Scenario& scene, const Running& shell) {
    std::string left;
    for (const Process& one : scene.survivors()) {
        if (one.pid != shell.pid()) left += portrait(one) + "\n";
    }
    CHECK(left == "");
    check_no_trace(scene);
}

void wait_until_heard(pid_t pid) {
    eventually(
        [&] {
            const std::string status = whole_file("/proc/" + std::to_string(pid) + "/status");
            return status.find("\nShdPnd:\t0000000000000000\n") != std::string::npos;
        },
        std::to_string(pid) + " has read its signals");
}

void await_nothing_left(Scenario& scene) {
    eventually([&] { return scene.survivors().empty(); }, "nobody is left of the job");
    check_nothing_left(scene);
}

}  // namespace once::test
