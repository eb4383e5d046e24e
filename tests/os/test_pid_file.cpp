#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catch.hpp"
#include "child.hpp"
#include "os/pid_file.hpp"

namespace fs = std::filesystem;
using namespace once::test;
using once::os::PidFile;
using once::os::remove_pid_file;

namespace {

std::size_t files_in(const OwnFolder& folder) {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& file : fs::directory_iterator(folder.path())) ++count;
    return count;
}

}  // namespace

TEST_CASE("a pid file has the pid in one line, for as long as it is held") {
    const OwnFolder folder;
    {
        PidFile file(folder.path("app.pid"));
        file.write(4711);
        CHECK(text_of(folder.path("app.pid")) == "4711\n");
        CHECK(files_in(folder) == 1);
    }
    CHECK(files_in(folder) == 0);
}

TEST_CASE("a pid file that is left to the keeper stays until the keeper removes it") {
    const OwnFolder folder;
    {
        PidFile file(folder.path("app.pid"));
        file.write(4711);
        file.leave();
    }
    CHECK(text_of(folder.path("app.pid")) == "4711\n");
    remove_pid_file(folder.path("app.pid"), 4711);
    CHECK(files_in(folder) == 0);
    remove_pid_file(folder.path("app.pid"), 4711);
}

TEST_CASE("a pid file goes with its process, and stays while that lives") {
    const OwnFolder folder;
    const auto path = folder.path("app.pid");
    put_text(path, std::to_string(getpid()) + "\n");
    once::os::remove_stale_pid_file(path);
    CHECK(files_in(folder) == 1);
    for (const auto* text : {"", "4711", "x\n", "-1\n", "1 2\n"}) {
        put_text(path, text);
        once::os::remove_stale_pid_file(path);
        CHECK(text_of(path) == text);
    }
    Child gone([](Line&) { return true; });
    put_text(path, std::to_string(gone.pid()) + "\n");
    (void)gone.reap();
    once::os::remove_stale_pid_file(path);
    CHECK(files_in(folder) == 0);
}

TEST_CASE("until there is a pid, the old file stays as it is") {
    const OwnFolder folder;
    put_text(folder.path("app.pid"), "42\n");
    { const PidFile file(folder.path("app.pid")); }
    CHECK(text_of(folder.path("app.pid")) == "42\n");
    CHECK(files_in(folder) == 1);
}

TEST_CASE("a pid file that another launch has written meanwhile is not removed") {
    const OwnFolder folder;
    for (const auto* text : {"4712\n", "47110\n", "4711", "", "4711\n4711\n"}) {
        put_text(folder.path("app.pid"), text);
        remove_pid_file(folder.path("app.pid"), 4711);
        CHECK(text_of(folder.path("app.pid")) == text);
    }
}

TEST_CASE("a pid file that cannot be written is refused before anything is launched") {
    const OwnFolder folder;
    const auto path = folder.path("missing/app.pid");
    const auto said = failure_of([&] { const PidFile file(path); });
    CHECK(said == "125: cannot write the pid file '" + path + "': No such file or directory");
}

TEST_CASE("a pid file that is no plain file is refused, and not touched") {
    const OwnFolder folder;
    put_text(folder.path("victim"), "precious");
    fs::create_symlink(folder.path("victim"), folder.path("link"));
    REQUIRE(mkfifo(folder.path("pipe").c_str(), 0600) == 0);
    fs::create_directory(folder.path("folder"));
    for (const auto* name : {"link", "pipe", "folder", "../../dev/null"}) {
        const auto said = failure_of([&] { const PidFile file(folder.path(name)); });
        CAPTURE(said);
        CHECK(said.starts_with("125: cannot write the pid file '" + folder.path(name)));
    }
    CHECK(text_of(folder.path("victim")) == "precious");
    CHECK(files_in(folder) == 4);
}

TEST_CASE("what a crash left in the middle does not keep a pid file from being written") {
    const OwnFolder folder;
    const auto path = folder.path("app.pid");
    // The once that crashed had the pid that we have now: in a container it is 1 every time.
    Child crashed([&](Line& parent) {
        const PidFile file(path);
        parent.tell();
        return parent.listen();
    });
    (void)crashed.line().listen();
    crashed.signal(SIGKILL);
    crashed.wait_for_end();
    const auto left = fs::directory_iterator(folder.path())->path().string();
    const auto theirs = std::to_string(crashed.pid());
    REQUIRE(left.ends_with(theirs));
    put_text(left.substr(0, left.size() - theirs.size()) + std::to_string(getpid()), "");
    PidFile file(path);
    file.write(4711);
    CHECK(text_of(path) == "4711\n");
}

TEST_CASE("a pid file can be written again, for the next run, and leaves nothing beside it") {
    const OwnFolder folder;
    const auto path = folder.path("app.pid");
    {
        PidFile file(path);
        file.write(4711);
        remove_pid_file(path, 4711);
        file.write(4712);
        CHECK(text_of(path) == "4712\n");
        file.write(4713);
        CHECK(text_of(path) == "4713\n");
        CHECK(files_in(folder) == 1);
    }
    CHECK(files_in(folder) == 0);
}
