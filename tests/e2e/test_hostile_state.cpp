// The state folder of one user, and what another one can do to it: nothing.

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "holding.hpp"
#include "isolation.hpp"
#include "neighbour.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

mode_t mode_of(const fs::path& path) {
    struct stat facts {};
    REQUIRE(lstat(path.c_str(), &facts) == 0);
    return facts.st_mode & 07777;
}

/// One line with these words, and nothing has run.
void check_refused(const Finished& refused, int status, const std::string& words) {
    INFO(refused.stderr_text);
    CHECK(refused.ending == exited(status));
    CHECK_THAT(refused.stderr_text, has(words));
    CHECK(count(refused.stderr_text, "\n") == 1);
    CHECK(refused.stdout_text.empty());
}

/// A file system in memory: many files come and go quickly.
class Disk {
public:
    explicit Disk(fs::path where) : where_(std::move(where)) {
        is_mounted_ = isolated() && mount("disk", where_.c_str(), "tmpfs", 0, nullptr) == 0;
    }
    ~Disk() {
        if (is_mounted_) (void)umount2(where_.c_str(), MNT_DETACH);
    }
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    const fs::path& where() const { return where_; }
    /// Says so loudly if there is none.
    bool is_there() const {
        if (!is_mounted_) WARN("not proven here: cannot mount a file system in memory");
        return is_mounted_;
    }

private:
    fs::path where_;
    bool is_mounted_ = false;
};

}  // namespace

TEST_CASE("another user can neither read nor lock what is in the state folder", "[hostile]") {
    if (!is_root_or_warn("become another user")) return;
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    REQUIRE(chmod(scene.home().parent_path().c_str(), 0755) == 0);
    for (const auto* ending : {".lock", ".json"}) {
        const auto file = state_file(scene, ending);
        CHECK_FALSE(scene.run(as_neighbour({"cat", file})).ending == exited(0));
        CHECK_FALSE(scene.run(as_neighbour({"flock", "-s", "-n", file, "true"})).ending ==
                    exited(0));
    }
}

TEST_CASE("a state folder that was opened for others to read does not let them lock a slot",
          "[hostile]") {
    if (!is_root_or_warn("become another user")) return;
    Scenario scene;
    const Command launch{"once", "-n", "x", "--", "echo", "ran"};
    CHECK(scene.run(launch).ending == exited(0));
    const auto lock = state_file(scene, "name-x.lock");
    for (const auto& folder :
         {scene.home().parent_path(), scene.state_folder(), lock.parent_path()}) {
        REQUIRE(chmod(folder.c_str(), 0755) == 0);
    }
    REQUIRE(chmod(lock.c_str(), 0644) == 0);
    CHECK(scene.run(launch).stdout_text == "ran\n");
    CHECK(mode_of(lock) == 0600);
    CHECK_FALSE(scene.run(as_neighbour({"flock", "-s", "-n", lock, "true"})).ending == exited(0));
}

TEST_CASE("a state folder in a folder that anybody can write may be a neighbour's: it is refused",
          "[hostile]") {
    if (!is_root_or_warn("plant a folder of another user")) return;
    Scenario scene;
    const auto state = public_folder(scene, "open") / "once";
    scene.set("ONCE_STATE_DIR", state.string());
    const Command launch{"once", "-n", "x", "--", "echo", "ran"};
    fs::create_directory(state);
    give_away(state);
    check_refused(scene.run(launch), 125, "belongs to nobody, not to root");
    CHECK(fs::is_empty(state));
    fs::remove(state);
    const auto mine = scene.another_folder("mine");
    REQUIRE(chmod(mine.c_str(), 0751) == 0);
    fs::create_directory_symlink(mine, state);
    give_away(state);
    for (const auto& command :
         {launch, Command{"once", "status"}, Command{"once", "stop", "--all"}}) {
        check_refused(scene.run(command), 125, "is a symbolic link, not a folder");
    }
    CHECK(fs::is_empty(mine));
    CHECK(mode_of(mine) == 0751);
}

TEST_CASE("without a home, a folder in /tmp that a neighbour has made first is refused",
          "[hostile]") {
    if (!is_root_or_warn("become a user without a home")) return;
    constexpr unsigned stranger = 65533;  // whom no passwd file knows
    Scenario scene;
    const fs::path state = "/tmp/once-" + std::to_string(stranger);
    const auto once = copy_for_others(scene, Scenario::once_binary(), "once");
    std::error_code error;
    if (!fs::create_directory(state, error)) {
        WARN("not proven here: " << state << " exists already");
        return;
    }
    give_away(state);
    const auto refused = scene.run({"setpriv", "--reuid", stranger, "--regid", stranger,
                                    "--clear-groups", once, "-n", "x", "--", "echo", "ran"},
                                   {.environment = {{"HOME", std::nullopt},
                                                    {"XDG_STATE_HOME", std::nullopt},
                                                    {"ONCE_STATE_DIR", std::nullopt}}});
    check_refused(refused, 125, "'" + state.string() + "' belongs to nobody, not to 65533");
    CHECK(fs::is_empty(state));
    fs::remove(state);
}

TEST_CASE("a hundred thousand files in the state folder hold nobody up", "[hostile]") {
    Scenario scene;
    const Disk disk(scene.another_folder("disk"));
    if (!disk.is_there()) return;
    scene.set("ONCE_STATE_DIR", (disk.where() / "once").string());
    const Command launch{"once", "-n", "x", "--", "echo", "ran"};
    CHECK(scene.run(launch).ending == exited(0));
    std::string folder;
    for (const auto& name : tree(disk.where())) {
        if (name.ends_with("/name-x.lock")) folder = name.substr(0, name.rfind('/'));
    }
    const int place = open((disk.where() / folder).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(place >= 0);
    for (int i = 0; i < 100'000; ++i) {
        const auto name = "port-" + std::to_string(i) + ".1.json";
        if (mknodat(place, name.c_str(), S_IFREG | 0600, 0) != 0) FAIL("cannot make " << name);
    }
    close(place);
    CHECK(scene.run(launch).stdout_text == "ran\n");
    CHECK(scene.run({"once", "status"}).stderr_text == "once: nothing is held\n");
    const auto holder = hold(scene, {"-n", "x"});
    CHECK(scene.run({"once", "stop", "--all"}).ending == exited(0));
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("a note of where a log is that leads elsewhere holds nobody up", "[hostile][logs]") {
    Scenario scene;
    CHECK(scene.run({"once", "-d", "-n", "x", "--", "echo", "logged"}).ending == exited(0));
    eventually([&] { return scene.survivors().empty(); }, "the job has ended");
    const auto note = state_file(scene, ".where");
    const auto fifo = scene.home() / "fifo";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    for (const auto& text :
         {fifo.string(), std::string("/dev/zero"), scene.home().string(),
          std::string("\x1b[31m/nowhere\n/nowhere"), std::string(), std::string(2'000'000, 'x')}) {
        std::ofstream(note, std::ios::binary) << text;
        const auto told = scene.run({"once", "logs", "x"});
        INFO(told.stderr_text.substr(0, 200));
        CHECK(told.ending != exited(0));
        CHECK(told.stdout_text.empty());
        CHECK(count(told.stderr_text, "\n") == 1);
        CHECK(count(told.stderr_text, "\x1b") == 0);
    }
    fs::remove(note);
    fs::create_symlink(scene.home() / "victim", note);
    CHECK(scene.run({"once", "logs", "x"}).ending == exited(1));
}

TEST_CASE("what stands in the place of an announcement is neither followed nor waited for",
          "[hostile]") {
    Scenario scene;
    const auto victim = scene.home() / "victim";
    std::ofstream(victim) << "precious\n";
    auto holder = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    const auto folder = state_file(scene, "name-x.lock").parent_path();
    for (const char* name : {"name-x.next", "name-x.next.new", "name-x.json.new"}) {
        for (const auto kind : {fs::file_type::symlink, fs::file_type::fifo}) {
            INFO(name);
            if (kind == fs::file_type::fifo) {
                REQUIRE(mkfifo((folder / name).c_str(), 0600) == 0);
            } else {
                fs::create_symlink(victim, folder / name);
            }
            auto next = hold(scene, {"-n", "x"});
            CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
            wait_until_inscribed(scene, next);
            CHECK(next.once.stderr_text().find("cannot") == std::string::npos);
            holder = next;
            fs::remove(folder / name);
        }
    }
    fs::create_directory(folder / "name-x.next");
    check_refused(scene.run({"once", "-n", "x", "--", "echo", "ran"}), 125, "cannot write '");
    CHECK_FALSE(holder.once.ended());
    CHECK(scene.read_file(victim) == "precious\n");
}

TEST_CASE("a record far longer than any is damage, and is not read for long", "[hostile]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    const auto path = state_file(scene, ".json");
    auto text = scene.read_file(path);
    holder.once.signal(SIGTERM);
    (void)holder.once.wait_ending();
    text.pop_back();
    text.back() = ',';  // and on
    for (int i = 0; text.size() < 1'000'000; ++i) text += "\"" + std::to_string(i) + "\":0,";
    text.back() = '}';
    std::ofstream(path, std::ios::binary) << text << '\n';
    const auto next = scene.run({"once", "-n", "x", "--", "echo", "ran"});
    CHECK(next.stdout_text == "ran\n");
    CHECK_THAT(next.stderr_text, has("the record '" + path.string() + "'"));
}
