// The log of a launch in the background: --log, its rotation, and a disk that is full.

#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>
#include <regex>

#include "aftermath.hpp"
#include "background.hpp"
#include "holding.hpp"
#include "surroundings.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

std::string text(int number) { return std::to_string(number); }

/// A file system that is soon full, for as long as this lives.
class SmallDisk {
public:
    explicit SmallDisk(const fs::path& folder) : folder_(folder) {
        fs::create_directories(folder);
        REQUIRE(mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=128k") == 0);
    }
    ~SmallDisk() { (void)umount2(folder_.c_str(), MNT_DETACH); }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

private:
    fs::path folder_;
};

}  // namespace

TEST_CASE("the option --log says where the output goes, from the folder of the caller",
          "[detach]") {
    Scenario scene;
    const auto elsewhere = scene.another_folder("elsewhere");
    const auto job = detach(scene, {"--log", "x.log", "-C", elsewhere},
                            {"sh", "-c", "pwd; exec actor print-signals"});
    CHECK(job.log == scene.folder() / "x.log");
    wait_for_text(job.log, elsewhere.string() + "\nready ");
    CHECK((fs::status(job.log).permissions() & fs::perms(0777)) == fs::perms(0600));
    CHECK(state_files(scene, ".log").empty());
    stop(scene, "x");
}

TEST_CASE("a log that cannot be written is said with 125, and nobody is replaced for it",
          "[detach]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    (void)make_gate(scene, "fifo");
    fs::create_directory(scene.folder() / "folder");
    for (const char* log : {"nowhere/x.log", "folder", "/dev/full", "fifo"}) {
        CAPTURE(log);
        const auto once = scene.run({"once", "-d", "-n", "x", "--log", log, "--", "touch", "done"});
        CHECK(once.ending == exited(125));
        CHECK_THAT(once.stderr_text, has("once: cannot write the log '") && has(log));
        CHECK(count(once.stderr_text, "\n") == 1);
    }
    CHECK_FALSE(holder.once.ended());
    CHECK_FALSE(fs::exists(scene.folder() / "done"));
    CHECK(fs::is_character_file("/dev/full"));
}

TEST_CASE("a job in the background is logged with what all its processes write", "[detach]") {
    Scenario scene;
    const auto path = scene.folder() / "x.log";
    const std::string script =
        "(echo child; sh -c 'echo grandchild >&2') & wait; setsid sh -c 'echo escaped'; "
        "printf 'its last words'";
    (void)scene.run({"once", "-d", "--log", path, "--", "sh", "-c", script});
    wait_for_text(path, "its last words\n");
    const auto log = whole_file(path);
    for (const char* line : {"child\n", "grandchild\n", "escaped\n"}) CHECK_THAT(log, has(line));
    await_nothing_left(scene);
    CHECK_THAT(whole_file(path), has("its last words\nonce: 'sh -c ") && has("exited with 0\n"));
}

TEST_CASE("the option --log-timestamps puts the time before each line", "[detach]") {
    Scenario scene;
    (void)scene.run({"once", "-d", "--log", "x.log", "--log-timestamps", "--", "sh", "-c",
                     "echo one; echo two"});
    await_nothing_left(scene);
    const std::string stamp = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d )";
    CHECK(
        std::regex_match(scene.read_file("x.log"),
                         std::regex(stamp + "once: launched 'sh -c .*\n" + stamp + "one\n" + stamp +
                                    "two\n" + stamp + "once: 'sh -c .*' exited with 0\n")));
}

TEST_CASE("a log is rotated at --log-max-size, and --log-keep old files stay", "[detach]") {
    Scenario scene;
    (void)scene.run({"once", "-d", "-n", "x", "--log", "x.log", "--log-max-size", "4K",
                     "--log-keep", "2", "--", "seq", "5000"});
    await_nothing_left(scene);
    for (const char* name : {"x.log", "x.1.log", "x.2.log"}) {
        CAPTURE(name);
        CHECK(fs::file_size(scene.folder() / name) <= 4096);
    }
    CHECK_FALSE(fs::exists(scene.folder() / "x.3.log"));
    const auto all =
        scene.read_file("x.2.log") + scene.read_file("x.1.log") + scene.read_file("x.log");
    std::string last;
    for (int i = 4000; i <= 5000; ++i) last += text(i) + "\n";
    CHECK_THAT(all, has(last + "once: 'seq 5000' exited with 0\n"));
    const auto shown = scene.run({"once", "logs", "--lines", "2", "x"});
    CHECK(shown.ending == exited(0));  // where it was is remembered
    CHECK(shown.stdout_text == "5000\nonce: 'seq 5000' exited with 0\n");
}

TEST_CASE("a log goes on where that of the launch before has ended", "[detach]") {
    Scenario scene;
    for (const char* word : {"one", "two"}) {
        (void)scene.run({"once", "-d", "-n", "x", "--", "echo", word});
        await_nothing_left(scene);
    }
    const auto shown = scene.run({"once", "logs", "x"});
    CHECK(std::regex_match(
        shown.stdout_text,
        std::regex("once: launched 'echo one' \\(pid \\d+\\)\none\nonce: 'echo one' exited with "
                   "0\nonce: launched 'echo two' \\(pid \\d+\\)\ntwo\nonce: 'echo two' exited "
                   "with 0\n")));
}

TEST_CASE("a disk that is full loses lines of the log, and never the job", "[detach]") {
    if (!is_root_or_warn("mount a small disk")) return;
    Scenario scene;
    const SmallDisk disk(scene.folder() / "disk");
    const auto gate = make_gate(scene);
    const auto job = detach(scene, {"--log", "disk/x.log"},
                            {"sh", "-c",
                             "seq 100000; echo done > done; read line < " + gate.string() +
                                 "; echo after; exec actor print-signals"});
    wait_for_text(scene.folder() / "done", "done");
    CHECK(alive(job.leader));
    CHECK_THAT(whole_file(job.log), has("\n1\n2\n3\n"));
    CHECK(count(whole_file(job.log), "\n100000\n") == 0);
    // Room is made: the log goes on, and says what it has lost.
    fs::resize_file(job.log, 100);
    open_gate(gate);
    wait_for_text(job.log, "lines were lost here: No space left on device\n");
    wait_for_text(job.log, "after\nready " + text(job.leader) + "\n");
    stop(scene, "x");
}

TEST_CASE("once logs -f shows 50 MB across rotations, no line lost and none torn", "[detach]") {
    Scenario scene;
    const auto gate = make_gate(scene);
    (void)detach(
        scene, {"--log", "x.log", "--log-max-size", "14M"},
        {"sh", "-c", "echo begin; read line < " + gate.string() + "; exec seq -f %099.0f 500000"});
    const auto reader = scene.launch({"once", "logs", "-f", "x"});
    reader.wait_for_output("begin\n");
    open_gate(gate);
    CHECK(reader.wait_ending() == exited(0));
    const auto& shown = reader.stdout_text();
    std::size_t at = shown.find("begin\n") + std::string_view("begin\n").size();
    int next = 1;
    for (; next <= 500'000; ++next) {
        const auto number = text(next);
        const auto line = std::string(99 - number.size(), '0') + number + "\n";
        if (shown.compare(at, line.size(), line) != 0) break;
        at += line.size();
    }
    CHECK(next == 500'001);
    CHECK(count(shown.substr(at), "\n") == 1);
    CHECK_THAT(shown.substr(at), has("once: 'sh -c ") && has("' exited with 0\n"));
    CHECK(fs::exists(scene.folder() / "x.3.log"));
    await_nothing_left(scene);
}
