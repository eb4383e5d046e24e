#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catch.hpp"
#include "child.hpp"
#include "os/state_folder.hpp"

namespace fs = std::filesystem;
using namespace once::os;
using namespace once::test;

namespace {

constexpr unsigned some_other_user = 4242;

unsigned mode_of(const std::string& path) {
    struct stat facts {};
    REQUIRE(lstat(path.c_str(), &facts) == 0);
    return facts.st_mode & 07777U;
}

// A state folder of this test's own.
struct State {
    OwnFolder outer;
    StateFolder folder = StateFolder::make(outer.path("once"), "boot");
    [[nodiscard]] std::string file(const std::string& name) const {
        return outer.path("once/boot/" + name);
    }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

void check_refused(const std::string& said, const std::string& path, const std::string& why) {
    CAPTURE(said);
    CHECK(said.starts_with("125: "));
    CHECK(contains(said, path));
    CHECK(contains(said, why));
}

}  // namespace

TEST_CASE("the state folder is made for us alone, with what is missing above it") {
    const OwnFolder outer;
    const auto folder = StateFolder::make(outer.path("a/b/once"), "boot");
    CHECK(folder.path() == outer.path("a/b/once/boot"));
    CHECK(mode_of(outer.path("a/b/once")) == 0700);
    CHECK(mode_of(outer.path("a/b/once/boot")) == 0700);
    CHECK_NOTHROW(StateFolder::make(outer.path("a/b/once"), "boot"));
}

TEST_CASE("to look makes no folder") {
    const OwnFolder outer;
    CHECK_FALSE(StateFolder::open(outer.path("once"), "boot"));
    CHECK_FALSE(fs::exists(outer.path("once")));
    StateFolder::make(outer.path("once"), "boot");
    CHECK(StateFolder::open(outer.path("once"), "boot"));
    CHECK_FALSE(StateFolder::open(outer.path("once"), "other"));
}

TEST_CASE("a state folder that others can write is refused, with how to mend it") {
    for (const auto* which : {"once", "once/boot"}) {
        const State state;
        REQUIRE(chmod(state.outer.path(which).c_str(), 0770) == 0);
        const auto make = [&] { StateFolder::make(state.outer.path("once"), "boot"); };
        const auto open = [&] { StateFolder::open(state.outer.path("once"), "boot"); };
        check_refused(failure_of(make), state.outer.path(which),
                      "can be written by others; set ONCE_STATE_DIR");
        check_refused(failure_of(open), state.outer.path(which),
                      "can be written by others; set ONCE_STATE_DIR");
    }
}

TEST_CASE("a state folder of another user is refused, and both are named") {
    if (geteuid() != 0) return;  // only root can give a folder away
    const State state;
    REQUIRE(chown(state.outer.path("once").c_str(), some_other_user, some_other_user) == 0);
    check_refused(failure_of([&] { StateFolder::make(state.outer.path("once"), "boot"); }),
                  state.outer.path("once"), std::to_string(some_other_user));
}

TEST_CASE("a state folder that is a link, a file or a pipe is refused, and not followed") {
    const OwnFolder outer;
    fs::create_directory(outer.path("real"));
    fs::permissions(outer.path("real"), fs::perms::owner_all);
    fs::create_symlink(outer.path("real"), outer.path("link"));
    put_text(outer.path("file"), "");
    REQUIRE(mkfifo(outer.path("pipe").c_str(), 0600) == 0);
    fs::create_symlink("nowhere", outer.path("dangling"));
    for (const auto* name : {"link", "file", "pipe", "dangling"}) {
        check_refused(failure_of([&] { StateFolder::make(outer.path(name), "boot"); }),
                      outer.path(name), "not a folder");
    }
    CHECK(fs::is_empty(outer.path("real")));
    CHECK_FALSE(fs::exists(outer.path("nowhere")));
}

TEST_CASE("a link on the way to the state folder is a person's choice") {
    const OwnFolder outer;
    fs::create_directory(outer.path("real"));
    fs::create_symlink(outer.path("real"), outer.path("link"));
    StateFolder::make(outer.path("link/once"), "boot");
    CHECK(fs::exists(outer.path("real/once/boot")));
}

TEST_CASE("a lock keeps every other process out until its holder has ended") {
    const State state;
    Child holder([&](Line& parent) {
        const auto lock = state.folder.try_lock("slot.lock");
        parent.tell(lock ? 1 : 0);
        return parent.listen();
    });
    REQUIRE(holder.line().listen() == 1);
    CHECK_FALSE(state.folder.try_lock("slot.lock"));
    CHECK(state.folder.try_lock("other.lock"));
    holder.signal(SIGKILL);
    holder.wait_for_end();
    CHECK(state.folder.try_lock("slot.lock"));
}

TEST_CASE("a lock is open again when its object goes, and its file stays") {
    const State state;
    { CHECK(state.folder.try_lock("slot.lock")); }
    CHECK(fs::exists(state.file("slot.lock")));
    CHECK(mode_of(state.file("slot.lock")) == 0600);
    const auto first = state.folder.try_lock("slot.lock");
    REQUIRE(first);
    CHECK_FALSE(state.folder.try_lock("slot.lock"));
}

TEST_CASE("a forked child shares a lock: it is free when both have let go") {
    const State state;
    auto lock = state.folder.try_lock("slot.lock");
    REQUIRE(lock);
    Child keeper([](Line& parent) { return parent.listen(); });
    lock.reset();
    CHECK_FALSE(state.folder.try_lock("slot.lock"));
    keeper.line().tell(0);
    keeper.wait_for_end();
    CHECK(state.folder.try_lock("slot.lock"));
}

TEST_CASE("a program that is executed never shares a lock") {
    const State state;
    auto lock = state.folder.try_lock("slot.lock");
    REQUIRE(lock);
    Child program({"sleep", "600"});
    REQUIRE(program.line().listen() == -1);  // executed
    lock.reset();
    CHECK(state.folder.try_lock("slot.lock"));
}

TEST_CASE("a lock file that was deleted keeps nobody out, and the new one has its name") {
    const State state;
    const auto lost = state.folder.try_lock("slot.lock");
    fs::remove(state.file("slot.lock"));
    const auto found = state.folder.try_lock("slot.lock");
    REQUIRE(found);
    CHECK(fs::exists(state.file("slot.lock")));
    CHECK_FALSE(state.folder.try_lock("slot.lock"));
}

TEST_CASE("a lock that is a link, a pipe, a folder or writable by others is refused") {
    const State state;
    put_text(state.outer.path("victim"), "precious");
    fs::create_symlink(state.outer.path("victim"), state.file("link"));
    fs::create_symlink(state.outer.path("unborn"), state.file("dangling"));
    REQUIRE(mkfifo(state.file("pipe").c_str(), 0600) == 0);
    fs::create_directory(state.file("folder"));
    put_text(state.file("open"), "");
    REQUIRE(chmod(state.file("open").c_str(), 0666) == 0);
    for (const auto* name : {"link", "dangling", "pipe", "folder", "open"}) {
        check_refused(failure_of([&] { (void)state.folder.try_lock(name); }), state.file(name),
                      "lock");
    }
    CHECK(text_of(state.outer.path("victim")) == "precious");
    CHECK_FALSE(fs::exists(state.outer.path("unborn")));
}

TEST_CASE("a lock of another user is refused") {
    if (geteuid() != 0) return;
    const State state;
    put_text(state.file("theirs"), "");
    REQUIRE(chown(state.file("theirs").c_str(), some_other_user, some_other_user) == 0);
    check_refused(failure_of([&] { (void)state.folder.try_lock("theirs"); }), state.file("theirs"),
                  "remove it");
}

TEST_CASE("a file is read as it was written, whatever bytes it has") {
    const State state;
    const std::string text("a\0b\xff\n", 5);
    state.folder.write("record", text);
    CHECK(state.folder.read("record") == text);
    CHECK(mode_of(state.file("record")) == 0600);
    state.folder.write("record", "");
    CHECK(state.folder.read("record") == "");
}

TEST_CASE("what is not a plain file of ours is not read, and holds nobody up") {
    const State state;
    put_text(state.outer.path("secret"), "secret");
    fs::create_symlink(state.outer.path("secret"), state.file("link"));
    REQUIRE(mkfifo(state.file("pipe").c_str(), 0600) == 0);
    fs::create_directory(state.file("folder"));
    put_text(state.file("open"), "text");
    REQUIRE(chmod(state.file("open").c_str(), 0622) == 0);
    for (const auto* name : {"missing", "link", "pipe", "folder", "open"}) {
        CAPTURE(name);
        CHECK_FALSE(state.folder.read(name));
    }
    if (geteuid() != 0) return;
    put_text(state.file("theirs"), "text");
    REQUIRE(chown(state.file("theirs").c_str(), some_other_user, some_other_user) == 0);
    CHECK_FALSE(state.folder.read("theirs"));
}

TEST_CASE("a file is replaced as a whole: who has the old one open reads the old one") {
    const State state;
    state.folder.write("record", "old");
    const int before = open(state.file("record").c_str(), O_RDONLY | O_CLOEXEC);
    state.folder.write("record", "new, and longer");
    char text[16] = {};
    CHECK(read(before, text, sizeof text) == 3);
    CHECK(std::string(text) == "old");
    (void)close(before);
    CHECK(state.folder.read("record") == "new, and longer");
    CHECK(state.folder.names() == std::vector<std::string>{".", "..", "record"});
}

TEST_CASE("what a crash left in the middle of a write does not hinder the next one") {
    const State state;
    put_text(state.outer.path("victim"), "precious");
    fs::create_symlink(state.outer.path("victim"), state.file("record.new"));
    state.folder.write("record", "text");
    CHECK(state.folder.read("record") == "text");
    CHECK(text_of(state.outer.path("victim")) == "precious");
}

TEST_CASE("a link in place of the record is replaced, not followed") {
    const State state;
    put_text(state.outer.path("victim"), "precious");
    fs::create_symlink(state.outer.path("victim"), state.file("record"));
    state.folder.write("record", "text");
    CHECK(state.folder.read("record") == "text");
    CHECK(text_of(state.outer.path("victim")) == "precious");
}

TEST_CASE("when the disk is full the old text stays, and the failure names the file") {
    const State state;
    state.folder.write("record", "old");
    Child writer([&](Line&) {
        (void)signal(SIGXFSZ, SIG_IGN);
        const rlimit full{10, 10};
        (void)setrlimit(RLIMIT_FSIZE, &full);
        const std::string text(100, 'x');
        const bool written = state.folder.try_write("record", text);
        const auto said = failure_of([&] { state.folder.write("record", text); });
        return !written && contains(said, state.file("record")) ? 0 : 1;
    });
    CHECK(writer.reap() == once::Ending::exited(0));
    CHECK(state.folder.read("record") == "old");
}

TEST_CASE("in a folder that is gone nothing is written, and no lock is given") {
    const State state;
    fs::remove(state.outer.path("once/boot"));
    CHECK_FALSE(state.folder.try_write("record", "text"));
    CHECK(failure_of([&] { (void)state.folder.try_lock("slot.lock"); }).starts_with("125: cannot"));
    CHECK_FALSE(state.folder.read("record"));
    state.folder.remove("record");
}

TEST_CASE("the state is where ONCE_STATE_DIR says, else where XDG_STATE_HOME says") {
    Child other([](Line&) {
        (void)setenv("ONCE_STATE_DIR", "/a/b", 1);
        (void)setenv("XDG_STATE_HOME", "/x", 1);
        if (state_path() != "/a/b") return 1;
        (void)setenv("ONCE_STATE_DIR", "", 1);
        if (state_path() != "/x/once") return 2;
        (void)setenv("XDG_STATE_HOME", "relative", 1);
        const auto home = state_path();
        if (contains(home, "relative") || !home.starts_with('/')) return 3;
        (void)setenv("ONCE_STATE_DIR", "here", 1);
        (void)chdir("/tmp");
        return state_path() == "/tmp/here" ? 0 : 4;
    });
    CHECK(other.reap() == once::Ending::exited(0));
}

TEST_CASE("a folder has one name, whatever links lead to it") {
    const OwnFolder outer;
    fs::create_directory(outer.path("real"));
    fs::create_symlink("real", outer.path("link"));
    CHECK(canonical_folder(outer.path("link/../link/.")) == outer.path("real"));
    put_text(outer.path("file"), "");
    const auto of = [&](const char* name) {
        return failure_of([&] { (void)canonical_folder(outer.path(name)); });
    };
    check_refused(of("missing"), outer.path("missing"), "No such file or directory");
    check_refused(of("file"), outer.path("file"), "not a folder");
}
