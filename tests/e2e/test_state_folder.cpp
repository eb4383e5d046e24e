// The state folder: where it is, and what once makes of one that it must not trust.

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "holding.hpp"

using namespace once::test;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

namespace fs = std::filesystem;

const Command launch{"once", "-n", "x", "--", "sh", "-c", "echo ran"};

/// 125, one line with these words, and nothing has run.
void check_refused(Scenario& scene, const std::string& words) {
    const auto refused = scene.run(launch);
    CHECK(refused.ending == exited(125));
    CHECK_THAT(refused.stderr_text, StartsWith("once: ") && has(words));
    CHECK(count(refused.stderr_text, "\n") == 1);
    CHECK(refused.stdout_text.empty());
    CHECK(scene.survivors().empty());
}

bool has_run_in(Scenario& scene, const fs::path& state, const Launch& how) {
    const auto run = scene.run(launch, how);
    CHECK(run.stderr_text.empty());
    return run.stdout_text == "ran\n" && fs::exists(state);
}

mode_t mode_of(const fs::path& path) {
    struct stat facts {};
    REQUIRE(lstat(path.c_str(), &facts) == 0);
    return facts.st_mode & 07777;
}

}  // namespace

TEST_CASE("the state folder is made with all above it, for its owner only", "[state]") {
    Scenario scene;
    const auto state = scene.home() / "a" / "b" / "once";
    scene.set("ONCE_STATE_DIR", state.string());
    CHECK(scene.run(launch, {}).ending == exited(0));
    CHECK(mode_of(state) == 0700);
    for (const auto& entry : fs::recursive_directory_iterator(state)) {
        CHECK((mode_of(entry.path()) & 077) == 0);
    }
}

TEST_CASE("a umask does not open the state folder, nor shut it", "[state]") {
    Scenario scene;
    for (const char* mask : {"000", "777"}) {
        const auto state = scene.home() / mask;
        const auto run = scene.run(
            {"sh", "-c", "umask " + std::string(mask) + "; exec once -n x -- sh -c 'umask'"},
            {.environment = {{"ONCE_STATE_DIR", state.string()}}});
        CHECK(run.ending == exited(0));
        CHECK(run.stdout_text == "0" + std::string(mask) + "\n");
        CHECK(mode_of(state) == 0700);
    }
}

TEST_CASE("the state is in ONCE_STATE_DIR, else in XDG_STATE_HOME/once", "[state]") {
    Scenario scene;
    const auto xdg = scene.home() / "xdg";
    const Launch both{.environment = {{"XDG_STATE_HOME", xdg.string()}}};
    CHECK(has_run_in(scene, scene.state_folder(), both));
    CHECK_FALSE(fs::exists(xdg));
    const Launch only{
        .environment = {{"XDG_STATE_HOME", xdg.string()}, {"ONCE_STATE_DIR", std::nullopt}}};
    CHECK(has_run_in(scene, xdg / "once", only));
    const Launch empty{.environment = {{"XDG_STATE_HOME", xdg.string()}, {"ONCE_STATE_DIR", ""}}};
    fs::remove_all(xdg);
    CHECK(has_run_in(scene, xdg / "once", empty));
}

TEST_CASE("a relative ONCE_STATE_DIR is below the folder that once was started in", "[state]") {
    Scenario scene;
    scene.set("ONCE_STATE_DIR", "my/state");
    fs::create_directory(scene.folder() / "below");
    CHECK(scene.run({"once", "-n", "x", "-C", "below", "--", "true"}).ending == exited(0));
    CHECK(fs::exists(scene.folder() / "my" / "state"));
    const auto holder = hold(scene, {"-n", "x"});
    CHECK(state_files(scene, "").empty());
    CHECK(scene.run({"once", "-n", "x", "--refuse", "--", "true"}).ending == exited(75));
    holder.once.signal(SIGKILL);
    eventually([&] { return scene.survivors().empty(); }, "nobody is left");
    for (const auto& name : tree(scene.folder())) CHECK_THAT(name, !EndsWith(".json"));
}

TEST_CASE("links on the way to the state folder are a person's choice", "[state]") {
    Scenario scene;
    fs::create_directory(scene.home() / "real");
    fs::create_directory_symlink(scene.home() / "real", scene.home() / "link");
    scene.set("ONCE_STATE_DIR", (scene.home() / "link" / "once").string());
    CHECK(scene.run(launch).stdout_text == "ran\n");
    CHECK(fs::exists(scene.home() / "real" / "once"));
}

TEST_CASE("a state folder that is a link is refused, and not followed", "[state][hostile]") {
    Scenario scene;
    const auto real = scene.another_folder("real");
    fs::create_directory_symlink(real, scene.state_folder());
    check_refused(scene, "'" + scene.state_folder().string() + "' is a symbolic link");
    CHECK(fs::is_empty(real));
    fs::remove(scene.state_folder());
    fs::create_symlink(scene.home() / "nowhere", scene.state_folder());
    check_refused(scene, "is a symbolic link");
    CHECK_FALSE(fs::exists(scene.home() / "nowhere"));
}

TEST_CASE("a state folder that is a file is refused", "[state][hostile]") {
    Scenario scene;
    std::ofstream(scene.state_folder()) << "a file\n";
    check_refused(scene, "is a file, not a folder");
    CHECK(scene.read_file(scene.state_folder()) == "a file\n");
}

TEST_CASE("a state folder that others can write is refused, with the way to mend it",
          "[state][hostile]") {
    Scenario scene;
    fs::create_directory(scene.state_folder());
    for (const mode_t mode : {0770U, 0702U, 0777U, 01777U}) {
        REQUIRE(chmod(scene.state_folder().c_str(), mode) == 0);
        check_refused(scene, "'" + scene.state_folder().string() +
                                 "' can be written by others; set ONCE_STATE_DIR");
    }
    REQUIRE(chmod(scene.state_folder().c_str(), 0755) == 0);
    CHECK(scene.run(launch).ending == exited(0));
}

TEST_CASE("a folder in the state folder that others can write is refused", "[state][hostile]") {
    Scenario scene;
    CHECK(scene.run(launch).ending == exited(0));
    const auto inner = state_file(scene, ".lock").parent_path();
    REQUIRE(chmod(inner.c_str(), 0777) == 0);
    check_refused(scene, "'" + inner.string() + "' can be written by others");
    fs::remove_all(inner);
    const auto real = scene.another_folder("real");
    fs::create_directory_symlink(real, inner);
    check_refused(scene, "'" + inner.string() + "' is a symbolic link");
    CHECK(fs::is_empty(real));
}

TEST_CASE("a state folder of somebody else is refused, and says whose it is", "[state][hostile]") {
    if (!is_root_or_warn("give a folder away")) return;
    Scenario scene;
    fs::create_directory(scene.state_folder());
    REQUIRE(chown(scene.state_folder().c_str(), 12345, 12345) == 0);
    check_refused(scene, "belongs to 12345, not to root");
    CHECK(fs::is_empty(scene.state_folder()));
}

TEST_CASE("a lock file that is anything but a plain file of ours is refused, and not followed",
          "[state][hostile]") {
    Scenario scene;
    CHECK(scene.run(launch).ending == exited(0));
    const auto lock = state_file(scene, ".lock");
    const auto victim = scene.home() / "victim";
    std::ofstream(victim) << "precious\n";

    fs::remove(lock);
    fs::create_symlink(victim, lock);
    check_refused(scene, lock.string());
    fs::remove(lock);
    fs::create_symlink(scene.home() / "nowhere", lock);
    check_refused(scene, lock.string());
    CHECK_FALSE(fs::exists(scene.home() / "nowhere"));
    fs::remove(lock);
    REQUIRE(mkfifo(lock.c_str(), 0600) == 0);
    check_refused(scene, lock.string());
    fs::remove(lock);
    fs::create_directory(lock);
    check_refused(scene, lock.string());
    fs::remove(lock);
    REQUIRE(chmod(victim.c_str(), 0666) == 0);
    fs::create_hard_link(victim, lock);
    check_refused(scene, lock.string());
    CHECK(scene.read_file(victim) == "precious\n");
}

TEST_CASE("a lock file that is a second name of some other file is refused", "[state][hostile]") {
    Scenario scene;
    CHECK(scene.run(launch).ending == exited(0));
    const auto lock = state_file(scene, ".lock");
    const auto victim = scene.home() / "victim";
    std::ofstream(victim) << "precious\n";
    REQUIRE(chmod(victim.c_str(), 0600) == 0);
    fs::remove(lock);
    fs::create_hard_link(victim, lock);
    check_refused(scene, lock.string());
    CHECK(scene.read_file(victim) == "precious\n");
}

TEST_CASE("a lock file of somebody else is refused", "[state][hostile]") {
    if (!is_root_or_warn("give a file away")) return;
    Scenario scene;
    CHECK(scene.run(launch).ending == exited(0));
    const auto lock = state_file(scene, ".lock");
    REQUIRE(chown(lock.c_str(), 12345, 12345) == 0);
    check_refused(scene, lock.string());
}

TEST_CASE("a record that is a link, a FIFO or a folder is not followed, and not waited for",
          "[state][hostile]") {
    Scenario scene;
    const auto victim = scene.home() / "victim";
    std::ofstream(victim) << "precious\n";
    const auto holder = hold(scene, {"-n", "x"});
    const auto record = state_file(scene, ".json");
    holder.once.signal(SIGTERM);
    (void)holder.once.wait_ending();

    fs::create_symlink(victim, record);
    CHECK(scene.run(launch).stdout_text == "ran\n");
    fs::remove(record);
    REQUIRE(mkfifo(record.c_str(), 0600) == 0);
    CHECK(scene.run(launch).stdout_text == "ran\n");
    fs::remove(record);
    fs::create_hard_link(victim, record);
    CHECK(scene.run(launch).stdout_text == "ran\n");
    CHECK(scene.read_file(victim) == "precious\n");
    fs::remove(record);
    fs::create_directory(record);
    const auto next = hold(scene, {"-n", "x"});
    next.once.wait_for_error("once: cannot write the record of 'actor lock ");
    next.once.signal(SIGTERM);
    CHECK(next.once.wait_ending() == killed_by(SIGTERM));
    CHECK(fs::is_directory(record));
}
