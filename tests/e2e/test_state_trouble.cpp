// The state folder goes wrong while it is in use: removed, read-only, full, or nowhere to be made.

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "holding.hpp"
#include "isolation.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

/// A file system of its own below the scenario's folder, as small as it can be.
class TinyDisk {
public:
    explicit TinyDisk(fs::path where) : where_(std::move(where)) {
        fs::create_directories(where_);
        const int done = isolated() ? mount("tiny", where_.c_str(), "tmpfs", 0, "size=64k") : -1;
        is_mounted_ = done == 0;
    }
    ~TinyDisk() {
        if (is_mounted_) (void)umount2(where_.c_str(), MNT_DETACH);
    }
    TinyDisk(const TinyDisk&) = delete;
    TinyDisk& operator=(const TinyDisk&) = delete;

    /// Says so loudly if there is none.
    bool is_there() const {
        if (!is_mounted_) WARN("not proven here: cannot mount a small file system");
        return is_mounted_;
    }

    /// Leaves this many bytes free, a multiple of the page size.
    void fill() const {
        std::ofstream file(where_ / "filling", std::ios::binary);
        const std::string page(4096, 'x');
        while (file.write(page.data(), 4096) && file.flush()) continue;
    }
    void make_room() const { fs::remove(where_ / "filling"); }
    bool make_read_only() const {
        return mount(nullptr, where_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
    }

private:
    fs::path where_;
    bool is_mounted_ = false;
};

/// A job whose record is whole, wherever the state is.
Holder hold_inscribed(Scenario& scene) {
    const auto holder = hold(scene, {"-n", "x"});
    eventually(
        [&] {
            const auto status = scene.run({"once", "status", "--json"}).stdout_text;
            return json_value(status, "state") == "\"running\"";
        },
        "its record is whole");
    return holder;
}

}  // namespace

TEST_CASE("a lock file removed while it is held lets in no second job", "[state][removed]") {
    Scenario scene;
    for (const char* policy : {"--refuse", "--reuse", "--replace"}) {
        const auto holder = hold(scene, {"-n", "x"});
        wait_until_inscribed(scene, holder);
        fs::remove(state_file(scene, "name-x.lock"));
        const auto second = scene.launch(with_options({policy, "-n", "x"}, job(scene)));
        if (std::string(policy) == "--refuse") CHECK(second.wait_ending() == exited(75));
        if (std::string(policy) == "--reuse") CHECK(second.wait_ending() == exited(0));
        if (std::string(policy) == "--replace") {
            second.wait_for_output("locked");
            CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
        } else {
            CHECK_FALSE(holder.once.ended());
        }
        CHECK(count(second.stdout_text(), "second") == 0);
        for (const Running& one : {holder.once, second}) {
            one.signal(SIGTERM);
            (void)one.wait_ending();
        }
    }
}

TEST_CASE("a lock file replaced by another one while it is held lets in no second job",
          "[state][removed]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    const auto lock = state_file(scene, "name-x.lock");
    fs::remove(lock);
    std::ofstream(lock) << "";
    REQUIRE(chmod(lock.c_str(), 0600) == 0);
    CHECK(scene.run({"once", "-n", "x", "--refuse", "--", "true"}).ending == exited(75));
    (void)hold(scene, {"-n", "x"});
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("the state folder removed while a port is held lets in no second job: its job is seen",
          "[state][removed]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    wait_until_inscribed(scene, holder);
    fs::remove_all(scene.state_folder());
    for (const char* policy : {"--refuse", "--replace", "--reuse"}) {
        const auto second = scene.run(with_options({policy, "-p", scene.port()}, job(scene)));
        CHECK(second.ending == exited(75));
        CHECK_THAT(second.stderr_text,
                   has("port " + std::to_string(scene.port())) && has("actor lock"));
        CHECK(second.stdout_text.empty());
    }
    CHECK(alive(holder.leader));
    holder.once.signal(SIGTERM);
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
    (void)hold_port(scene, {"--refuse"});
}

TEST_CASE("the state folder removed while a job runs does not keep it from ending well",
          "[state][removed]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "-n", "x", "--", "sh", "-c", "echo up; read line; exit 7"},
                     {.input = Input::pipe});
    once.wait_for_output("up");
    wait_until_inscribed(scene, {once, leader_of(once.pid())});
    fs::remove_all(scene.state_folder());
    once.write_input("go\n");
    CHECK(once.wait_ending() == exited(7));
}

TEST_CASE("without a home the state is in a folder of one's own in /tmp", "[state]") {
    if (!is_root_or_warn("become a user without a home")) return;
    constexpr int nobody = 65534;
    Scenario scene;
    const fs::path state = "/tmp/once-" + std::to_string(nobody);
    if (fs::exists(state)) {
        WARN("not proven here: " << state << " exists already");
        return;
    }
    const auto copy = scene.folder() / "once";
    fs::copy_file(Scenario::once_binary(), copy);
    for (const auto& open : {scene.folder().parent_path(), scene.folder(), copy}) {
        REQUIRE(chmod(open.c_str(), 0755) == 0);
    }
    const auto run =
        scene.run({"setpriv", "--reuid", nobody, "--regid", nobody, "--clear-groups", copy, "-n",
                   "x", "--", "echo", "ran"},
                  {.environment = {{"HOME", std::nullopt}, {"ONCE_STATE_DIR", std::nullopt}}});
    CHECK(run.stdout_text == "ran\n");
    CHECK(run.stderr_text.empty());
    CHECK(fs::exists(state));
    fs::remove_all(state);
}

TEST_CASE("a state folder that cannot be written is a clear line and 125", "[state][trouble]") {
    Scenario scene;
    const TinyDisk disk(scene.home() / "disk");
    if (!disk.is_there()) return;
    scene.set("ONCE_STATE_DIR", (scene.home() / "disk" / "once").string());
    CHECK(scene.run({"once", "-n", "x", "--", "true"}).ending == exited(0));
    REQUIRE(disk.make_read_only());
    for (const char* name : {"x", "y"}) {
        const auto refused = scene.run({"once", "-n", name, "--", "echo", "ran"});
        CHECK(refused.ending == exited(125));
        CHECK_THAT(refused.stderr_text, has("once: cannot ") && has("Read-only file system"));
        CHECK(count(refused.stderr_text, "\n") == 1);
        CHECK(refused.stdout_text.empty());
    }
    scene.set("ONCE_STATE_DIR", (scene.home() / "disk" / "other").string());
    const auto refused = scene.run({"once", "-n", "x", "--", "echo", "ran"});
    CHECK(refused.ending == exited(125));
    CHECK_THAT(refused.stderr_text, has("'" + (scene.home() / "disk" / "other").string() + "'") &&
                                        has("Read-only file system"));
    CHECK(scene.survivors().empty());
}

TEST_CASE("on a full disk a new slot is a clear line and 125, a known one can be held",
          "[state][trouble]") {
    Scenario scene;
    const TinyDisk disk(scene.home() / "disk");
    if (!disk.is_there()) return;
    scene.set("ONCE_STATE_DIR", (scene.home() / "disk" / "once").string());
    CHECK(scene.run({"once", "-n", "x", "--", "true"}).ending == exited(0));
    disk.fill();
    const auto refused = scene.run({"once", "-n", "y", "--", "echo", "ran"});
    CHECK(refused.ending == exited(125));
    CHECK_THAT(refused.stderr_text, has("once: cannot ") && (has("No space left") || has("full")));
    CHECK(count(refused.stderr_text, "\n") == 1);
    CHECK(scene.survivors().empty());

    const auto holder = hold(scene, {"-n", "x"});
    holder.once.wait_for_error("once: cannot write the record of 'actor lock ");
    CHECK(scene.run({"once", "-n", "x", "--refuse", "--", "true"}).ending == exited(75));
    holder.once.signal(SIGTERM);
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
    disk.make_room();
    CHECK(scene.run({"once", "-n", "x", "--refuse", "--", "true"}).ending == exited(0));
}

TEST_CASE("a disk that fills while a job runs does not end the job, nor its replacement's hopes",
          "[state][trouble]") {
    Scenario scene;
    const TinyDisk disk(scene.home() / "disk");
    if (!disk.is_there()) return;
    scene.set("ONCE_STATE_DIR", (scene.home() / "disk" / "once").string());
    const auto holder = hold_inscribed(scene);
    disk.fill();
    const auto refused = scene.run({"once", "-n", "x", "--", "echo", "ran"});
    CHECK(refused.ending == exited(125));
    CHECK(refused.stdout_text.empty());
    CHECK_FALSE(holder.once.ended());  // what cannot announce itself replaces nobody
    disk.make_room();
    (void)hold(scene, {"-n", "x"});
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("a limit on the size of files ends no job: a launch is refused, a log loses lines",
          "[state][trouble]") {
    Scenario scene;
    const auto refused = scene.run({"sh", "-c", "ulimit -f 0; exec once -n x -- touch done"});
    CHECK(refused.ending == exited(125));
    CHECK_THAT(refused.stderr_text, has("cannot write '"));
    CHECK_FALSE(fs::exists(scene.folder() / "done"));
    const auto caller = scene.run({"sh", "-c",
                                   "ulimit -f 8; exec once -d -n x -- sh -c "
                                   "'i=0; while [ $i -lt 2000 ]; do echo line $i; "
                                   "i=$((i + 1)); done; >done; exec actor print-signals'"});
    CHECK(caller.ending == exited(0));
    eventually([&] { return fs::exists(scene.folder() / "done"); }, "all is said");
    CHECK(scene.run({"once", "status", "x"}).ending == exited(0));
    CHECK(scene.run({"once", "stop", "x"}).ending == exited(0));
}

TEST_CASE("a full disk keeps nobody from stopping a job", "[state][trouble][stop]") {
    Scenario scene;
    const TinyDisk disk(scene.home() / "disk");
    if (!disk.is_there()) return;
    scene.set("ONCE_STATE_DIR", (scene.home() / "disk" / "once").string());
    const auto holder = hold_inscribed(scene);
    disk.fill();
    const auto stopped = scene.run({"once", "stop", "x"});
    INFO(stopped.stderr_text);
    CHECK(stopped.ending == exited(0));
    CHECK(holder.once.ended());
}

TEST_CASE("a state folder that a plain user cannot enter is a clear line and 125",
          "[state][trouble]") {
    if (geteuid() == 0) {
        WARN("not proven here: root enters any folder");
        return;
    }
    Scenario scene;
    fs::create_directory(scene.state_folder());
    REQUIRE(chmod(scene.state_folder().c_str(), 0) == 0);
    const auto refused = scene.run({"once", "-n", "x", "--", "true"});
    CHECK(refused.ending == exited(125));
    CHECK_THAT(refused.stderr_text, has("Permission denied"));
}
