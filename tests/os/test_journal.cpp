#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <regex>
#include <sstream>

#include "base/journal.hpp"
#include "catch.hpp"
#include "child.hpp"
#include "waiting.hpp"

namespace fs = std::filesystem;
using namespace once;
using namespace once::test;

namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
    Lines lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

// All that a log has, the oldest first.
std::string whole_log(const std::string& path) {
    std::string text;
    for (std::size_t times = 100; times > 0; --times) text += text_of(rotated_path(path, times));
    return text + text_of(path);
}

std::string numbered(int first, int last) {
    std::string text;
    for (int i = first; i <= last; ++i) text += "line " + std::to_string(i) + "\n";
    return text;
}

struct stat facts_of(const std::string& path) {
    struct stat facts {};
    REQUIRE(stat(path.c_str(), &facts) == 0);
    return facts;
}

// Files cannot grow beyond this: as on a full disk, but for the words.
void limit_files(rlim_t size) {
    (void)signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    must(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = size;
    must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

}  // namespace

TEST_CASE("a log has whole lines, however the job's output is cut") {
    const OwnFolder folder;
    Journal journal({.path = folder.path("app.log")});
    journal.take("one\ntw");
    CHECK(text_of(journal.path()) == "one\n");
    journal.take("o");
    journal.take("");
    journal.take("\n\nthree");
    CHECK(text_of(journal.path()) == "one\ntwo\n\n");
    journal.finish();
    journal.finish();
    CHECK(text_of(journal.path()) == "one\ntwo\n\nthree\n");
}

TEST_CASE("a log takes every byte as it is") {
    const OwnFolder folder;
    Journal journal({.path = folder.path("app.log")});
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    journal.take(bytes + "{} %v %s\r\n");
    CHECK(text_of(journal.path()) == bytes + "{} %v %s\r\n");
}

TEST_CASE("what once says stands in a log as lines of its own") {
    const OwnFolder folder;
    Journal journal({.path = folder.path("app.log")});
    journal.take("half");
    journal.say("started again\nfor the 2nd time");
    journal.take(" a line\n");
    CHECK(text_of(journal.path()) == "once: started again\nonce: for the 2nd time\nhalf a line\n");
    CHECK(journal.last_lines() == Lines{"half a line"});
}

TEST_CASE("a log remembers the last 20 lines of the job") {
    const OwnFolder folder;
    Journal journal({.path = folder.path("app.log")});
    CHECK(journal.last_lines().empty());
    journal.take("a\nb\n");
    CHECK(journal.last_lines() == Lines{"a", "b"});
    journal.take(numbered(1, 50) + std::string(5000, 'x'));
    journal.finish();
    const auto last = journal.last_lines();
    REQUIRE(last.size() == 20);
    CHECK(last.front() == "line 32");
    CHECK(last.at(18) == "line 50");
    CHECK(last.back() == std::string(1024, 'x'));
}

TEST_CASE("a log goes on where it ended, on a line of its own") {
    const OwnFolder folder;
    put_text(folder.path("app.log"), "before\ncut of");
    Journal journal({.path = folder.path("app.log")});
    journal.take("after\n");
    CHECK(text_of(journal.path()) == "before\ncut of\nafter\n");
}

TEST_CASE("a log is rotated before it outgrows its size, and no line is in two files") {
    const OwnFolder folder;
    Journal journal({.path = folder.path("app.log"), .max_size = 500, .keep = 99});
    const auto text = numbered(1, 1000);
    for (std::size_t i = 0; i < text.size(); i += 7) journal.take(text.substr(i, 7));
    CHECK(whole_log(journal.path()) == text);
    REQUIRE(fs::exists(folder.path("app.9.log")));
    for (const auto& file : fs::directory_iterator(folder.path())) {
        const auto part = text_of(file.path());
        CAPTURE(file.path());
        CHECK(part.size() <= 500);
        CHECK(part.starts_with("line "));
        CHECK(part.ends_with("\n"));
    }
}

TEST_CASE("so many rotated files are kept as were asked for, and none if 0") {
    const OwnFolder folder;
    for (const std::size_t keep : {0U, 1U, 3U}) {
        const auto path = folder.path("keep" + std::to_string(keep) + ".log");
        Journal journal({.path = path, .max_size = 100, .keep = keep});
        journal.take(numbered(1, 500));
        for (std::size_t times = 0; times <= 5; ++times) {
            CHECK(fs::exists(rotated_path(path, times)) == (times <= keep));
        }
        CHECK(whole_log(path).ends_with("line 499\nline 500\n"));
    }
}

TEST_CASE("a line of more than 64 KiB becomes several") {
    const OwnFolder folder;
    Journal journal({.path = folder.path("app.log")});
    const std::string piece(64U << 10U, 'x');
    journal.take(piece + "\n" + piece + piece.substr(0, 10));
    journal.take("\n" + piece);
    journal.take(piece);
    journal.finish();
    CHECK(lines_of(text_of(journal.path())) ==
          Lines{piece, piece, piece.substr(0, 10), piece, piece});
}

TEST_CASE("a line that is larger than a file has one to itself") {
    const OwnFolder folder;
    Journal journal({.path = folder.path("app.log"), .max_size = 10, .keep = 2});
    journal.take("a\n" + std::string(50, 'x') + "\nb\n");
    CHECK(text_of(folder.path("app.2.log")) == "a\n");
    CHECK(text_of(folder.path("app.1.log")) == std::string(50, 'x') + "\n");
    CHECK(text_of(folder.path("app.log")) == "b\n");
}

TEST_CASE("a time stamp before each line says when it came") {
    const OwnFolder folder;
    Journal journal({.path = folder.path("app.log"), .timestamps = true});
    journal.take("one\ntwo\n");
    journal.say("three");
    const std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d )";
    CHECK(std::regex_match(text_of(journal.path()),
                           std::regex(time + "one\n" + time + "two\n" + time + "once: three\n")));
    CHECK(journal.last_lines() == Lines{"one", "two"});
}

TEST_CASE("only its user can read a log, also after a rotation") {
    const OwnFolder folder;
    const auto before = umask(0);
    Journal journal({.path = folder.path("app.log"), .max_size = 10, .keep = 1});
    journal.take("line one\nline two\n");
    (void)umask(before);
    CHECK((facts_of(folder.path("app.log")).st_mode & 07777U) == 0600U);
    CHECK((facts_of(folder.path("app.1.log")).st_mode & 07777U) == 0600U);
}

TEST_CASE("a log that others may read already stays so") {
    const OwnFolder folder;
    put_text(folder.path("app.log"), "");
    fs::permissions(folder.path("app.log"), fs::perms(0640));
    Journal journal({.path = folder.path("app.log")});
    CHECK((facts_of(folder.path("app.log")).st_mode & 07777U) == 0640U);
}

TEST_CASE("a log that is no plain file is refused, and not touched") {
    const OwnFolder folder;
    fs::create_symlink("/dev/null", folder.path("device"));
    REQUIRE(mkfifo(folder.path("pipe").c_str(), 0600) == 0);
    fs::create_directory(folder.path("folder"));
    fs::create_directory(folder.path("app.2.log"));
    for (const auto* name : {"device", "pipe", "folder", "../../dev/null"}) {
        const auto path = folder.path(name);
        CHECK(failure_of([&] { const Journal journal({.path = path}); }) ==
              "125: cannot write the log '" + path + "': it exists and is no plain file");
    }
    CHECK(failure_of([&] { const Journal journal({.path = folder.path("app.log")}); }) ==
          "125: cannot write the log '" + folder.path("app.2.log") +
              "': it exists and is no plain file");
    CHECK_FALSE(fs::exists(folder.path("app.log")));
    CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("a log in a folder that is not there is refused, and no folder is made") {
    const OwnFolder folder;
    const auto path = folder.path("missing/app.log");
    CHECK(failure_of([&] { const Journal journal({.path = path}); }) ==
          "125: cannot write the log '" + path + "': there is no folder '" +
              folder.path("missing") + "'");
    CHECK_FALSE(fs::exists(folder.path("missing")));
}

TEST_CASE("a symbolic link to a log stays one when the log is rotated") {
    const OwnFolder folder;
    put_text(folder.path("real.log"), "");
    fs::create_symlink("real.log", folder.path("link.log"));
    Journal journal({.path = folder.path("link.log"), .max_size = 10, .keep = 1});
    CHECK(journal.path() == folder.path("real.log"));
    journal.take("line one\nline two\n");
    CHECK(text_of(folder.path("real.1.log")) == "line one\n");
    CHECK(text_of(folder.path("link.log")) == "line two\n");
}

TEST_CASE("no program that the job executes gets a descriptor of its log") {
    const OwnFolder folder;
    Journal journal({.path = folder.path("app.log"), .max_size = 10});
    journal.take("line one\nline two\n");
    int found = 0;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
        std::error_code error;
        if (fs::read_symlink(entry, error) != journal.path()) continue;
        ++found;
        CHECK((fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(found == 1);
}

TEST_CASE("a full disk loses lines of a log, and the log says how many when there is space again") {
    const OwnFolder folder;
    const auto path = folder.path("app.log");
    Child job([&](Line&) {
        Journal journal({.path = path});
        limit_files(100);
        for (int i = 1; i <= 50; ++i) journal.take("line " + std::to_string(i) + "\n");
        limit_files(RLIM_INFINITY);
        journal.take("after\nall\n");
        return 0;
    });
    REQUIRE(job.reap() == Ending::exited(0));
    // 13 lines are 95 bytes; 5 of the next one still went in.
    CHECK(text_of(path) ==
          numbered(1, 13) + "line \nonce: 37 lines were lost here: File too large\nafter\nall\n");
}

TEST_CASE("lines that came together with those that a full disk took are counted one by one") {
    const OwnFolder folder;
    const auto path = folder.path("app.log");
    Child job([&](Line&) {
        Journal journal({.path = path});
        limit_files(14);
        journal.take(numbered(1, 3));
        limit_files(RLIM_INFINITY);
        journal.finish();
        return 0;
    });
    REQUIRE(job.reap() == Ending::exited(0));
    CHECK(text_of(path) == numbered(1, 2) + "once: 1 line was lost here: File too large\n");
}

TEST_CASE("a log on a small full disk: whole lines, and whole files again after it") {
    const OwnFolder folder;
    const auto path = folder.path("app.log");
    Child job([&](Line&) {
        if (unshare(CLONE_NEWNS) != 0 ||
            mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            mount("none", folder.path().c_str(), "tmpfs", 0, "size=256k") != 0) {
            return 77;
        }
        Journal journal({.path = path, .max_size = 64U << 10U, .keep = 1});
        put_text(folder.path("big"), std::string(200U << 10U, 'x'));
        for (int i = 1; i <= 20'000; ++i) journal.take(numbered(i, i));
        must(!text_of(path).ends_with(numbered(20'000, 20'000)));
        fs::remove(folder.path("big"));
        journal.take("there is space\n");
        must(whole_log(path).find("lost here: No space left on device") != std::string::npos);
        for (int i = 20'001; i <= 40'000; ++i) journal.take(numbered(i, i));
        const auto text = whole_log(path);
        must(text.ends_with(numbered(35'000, 40'000)));
        must(text.find("xx") == std::string::npos);
        return 0;
    });
    const auto ending = job.reap();
    if (ending == Ending::exited(77)) {
        WARN("not proven here: no disk of our own can be mounted");
        return;
    }
    CHECK(ending == Ending::exited(0));
}

TEST_CASE("a log whose folder is gone takes what comes, and is there again with the folder") {
    const OwnFolder folder;
    fs::create_directory(folder.path("logs"));
    const auto path = folder.path("logs/app.log");
    Journal journal({.path = path, .max_size = 50, .keep = 1});
    journal.take("one\n");
    fs::remove_all(folder.path("logs"));
    put_text(folder.path("logs"), "in its place");
    for (int i = 0; i < 100; ++i) journal.take("two\n");
    fs::remove(folder.path("logs"));
    fs::create_directory(folder.path("logs"));
    eventually(
        [&] {
            journal.take("three\n");
            return fs::exists(path);
        },
        "it is tried again, a second later");
    CHECK(whole_log(path).find("lost here: ") != std::string::npos);
    CHECK(whole_log(path).ends_with("three\n"));
}

TEST_CASE("a log that cannot be rotated grows, and says so; none of its lines is lost") {
    const OwnFolder folder;
    const auto path = folder.path("app.log");
    Journal journal({.path = path, .max_size = 20, .keep = 1});
    // Root may write any folder; but nobody puts a file in the place of one that is not empty.
    fs::create_directories(rotated_path(path, 1) + "/full");
    for (int i = 1; i <= 9; ++i) journal.take("line " + std::to_string(i) + "\n");
    CHECK(text_of(path) ==
          numbered(1, 2) +
              "once: this log cannot be rotated, so it grows: can its folder be written?\n" +
              numbered(3, 9));
}
