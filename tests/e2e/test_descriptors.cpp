// All descriptors belong to the job. `once` keeps its stderr to speak on, the keeper nothing.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <map>

#include "aftermath.hpp"
#include "background.hpp"
#include "catch.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

/// Where each descriptor of a process leads.
std::map<int, std::string> descriptors(pid_t pid) {
    std::map<int, std::string> found;
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone)) {
        found[std::stoi(entry.path().filename())] = fs::read_symlink(entry.path(), gone).string();
    }
    return found;
}

bool leads_to(pid_t pid, const std::string& target) {
    for (const auto& [fd, where] : descriptors(pid)) {
        if (where == target) return true;
    }
    return false;
}

/// A pipe whose writing end is passed on to programs.
class PassedPipe {
public:
    PassedPipe() {
        REQUIRE(pipe2(ends_, O_CLOEXEC) == 0);
        reader_ = std::make_unique<Inlet>(ends_[0], "passed pipe");
        target_ = fs::read_symlink("/proc/self/fd/" + std::to_string(ends_[1])).string();
    }
    ~PassedPipe() { let_go(); }
    PassedPipe(const PassedPipe&) = delete;
    PassedPipe& operator=(const PassedPipe&) = delete;

    int writer() const { return ends_[1]; }
    const std::string& target() const { return target_; }
    Inlet& reader() { return *reader_; }
    void let_go() {
        if (ends_[1] >= 0) close(ends_[1]);
        ends_[1] = -1;
    }

private:
    int ends_[2];
    std::string target_;
    std::unique_ptr<Inlet> reader_;
};

}  // namespace

TEST_CASE("descriptors of the caller reach the job untouched, and none of ours does",
          "[descriptors]") {
    Scenario scene;
    PassedPipe pipe;
    const auto seen = scene.run(
        {"once", "-p", scene.port(), "-n", "name", "--pid-file", "pid", "--", "actor", "print-fds"},
        {.kept = {pipe.writer()}});
    CHECK(seen.ending == exited(0));
    CHECK(count(seen.stdout_text, "fd ") == 4);
    CHECK(seen.stdout_text.find("fd 0 -> /dev/null\n") != std::string::npos);
    CHECK(seen.stdout_text.find("fd " + std::to_string(pipe.writer()) + " -> " + pipe.target() +
                                "\n") != std::string::npos);
}

TEST_CASE("descriptors that the caller has closed are closed for the job", "[descriptors]") {
    Scenario scene;
    for (const char* closed : {"<&-", "2>&-", "<&- 2>&-"}) {
        INFO(closed);
        const auto seen =
            scene.run({"sh", "-c", "exec once -- actor print-fds " + std::string(closed)});
        CHECK(seen.ending == exited(0));
        CHECK(count(seen.stdout_text, "fd ") == 3 - count(closed, "&-"));
        CHECK(count(seen.stdout_text, "fd 1 -> pipe:") == 1);
    }
    for (const char* closed : {">&-", "<&- >&- 2>&-"}) {
        INFO(closed);
        const auto ended =
            scene.run({"sh", "-c", "exec once -- actor exit 7 " + std::string(closed)});
        CHECK(ended.ending == exited(7));
    }
    check_nothing_left(scene);
}

TEST_CASE("with all of the caller's descriptors closed the keeper does its work",
          "[descriptors][keeper]") {
    Scenario scene;
    const auto shell =
        scene.launch({"sh", "-c",
                      "exec once -p " + std::to_string(scene.port()) + " -- actor listen " +
                          std::to_string(scene.port()) + " <&- >&- 2>&-"});
    eventually([&] { return listening(scene.port()); }, "the job listens");
    shell.signal(SIGKILL);
    await_nothing_left(scene);
}

TEST_CASE("the keeper holds nothing of the caller's, not even its folder",
          "[descriptors][keeper]") {
    Scenario scene;
    PassedPipe pipe;
    const auto once =
        scene.launch({"once", "-p", scene.port(), "--", "actor", "listen", scene.port()},
                     {.input = Input::pipe, .kept = {pipe.writer()}});
    once.wait_for_output("listening");
    const pid_t keeper = keeper_of(once.pid());
    const auto leaders = descriptors(leader_of(once.pid()));
    eventually([&] { return descriptors(keeper)[2] == "/dev/null"; }, "the keeper has settled");
    for (const auto& [fd, where] : descriptors(keeper)) {
        INFO("fd " << fd << " -> " << where);
        for (const int passed : {0, 1, 2, pipe.writer()}) CHECK(where != leaders.at(passed));
        CHECK(where.find("/project") == std::string::npos);
    }
    eventually(
        [&] {
            std::error_code gone;
            return fs::read_symlink("/proc/" + std::to_string(keeper) + "/cwd", gone) == "/";
        },
        "the keeper's folder is /");
}

TEST_CASE("once keeps no descriptor of the caller's but its stderr", "[descriptors]") {
    Scenario scene;
    PassedPipe pipe;
    const auto once =
        scene.launch({"once", "-p", scene.port(), "--", "actor", "listen", scene.port()},
                     {.input = Input::pipe, .kept = {pipe.writer()}});
    once.wait_for_output("listening");
    const auto leaders = descriptors(leader_of(once.pid()));
    eventually([&] { return !leads_to(once.pid(), pipe.target()); }, "once has let go of the pipe");
    CHECK_FALSE(leads_to(once.pid(), leaders.at(0)));
    CHECK_FALSE(leads_to(once.pid(), leaders.at(1)));
}

TEST_CASE("who reads from a job sees the end when the job closes, not when it ends",
          "[descriptors]") {
    Scenario scene;
    PassedPipe pipe;
    const std::string fd = std::to_string(pipe.writer());
    const auto once =
        scene.launch({"once", "--", "bash", "-c",
                      "echo text >&" + fd + "; exec " + fd + ">&-; echo closed; read line"},
                     {.input = Input::pipe, .kept = {pipe.writer()}});
    pipe.let_go();
    once.wait_for_output("closed");
    eventually([&] { return pipe.reader().ended(); }, "the end of the pipe");
    CHECK(pipe.reader().text() == "text\n");
    CHECK_FALSE(once.ended());
    once.close_input();
    CHECK(once.wait_ending() == exited(1));
}

TEST_CASE("the reader of a job's stdout sees its end when the job closes it", "[descriptors]") {
    Scenario scene;
    const auto pipeline = scene.launch(
        {"sh", "-c", "once -- sh -c 'echo text; exec >&-; read line' | (cat; echo the end >&2)"},
        {.input = Input::pipe});
    pipeline.wait_for_error("the end");
    CHECK(pipeline.stdout_text() == "text\n");
    CHECK_FALSE(pipeline.ended());
    pipeline.close_input();
    CHECK(pipeline.wait_ending() == exited(0));
}

TEST_CASE("who writes into a job's stdin is told when the job has closed it", "[descriptors]") {
    Scenario scene;
    const auto pipeline = scene.launch(
        {"sh", "-c", "(yes; echo told >&2) | once -- sh -c 'exec <&-; exec actor print-signals'"});
    pipeline.wait_for_error("told");
    REQUIRE(kill(once_above(pipeline.ready_pid()), SIGTERM) == 0);
    CHECK(pipeline.wait_ending() == exited(0));
}

TEST_CASE("what a shell had started before it became once is no part of the job",
          "[descriptors][keeper]") {
    Scenario scene;
    for (const bool keeper_dies : {false, true}) {
        const auto once =
            scene.launch({"sh", "-c",
                          "actor print-signals >before & until grep -q ready before; do :; done; "
                          "exec once --sweep-daemons -- actor listen " +
                              std::to_string(scene.port())});
        once.wait_for_output("listening");
        const pid_t leader = once.ready_pid();
        pid_t before = 0;
        for (const pid_t child : children_of(once.pid())) {
            if (child != parent_of(leader)) before = child;
        }
        REQUIRE(before != 0);
        scene.forgive(before);
        if (keeper_dies) {
            REQUIRE(kill(parent_of(leader), SIGKILL) == 0);
        } else {
            once.signal(SIGTERM);
        }
        (void)once.wait_ending();
        CHECK(alive(before));
        CHECK(count(scene.read_file("before"), "got ") == 0);
        check_nothing_left(scene);
        REQUIRE(kill(before, SIGKILL) == 0);
    }
}

TEST_CASE("what a shell had started before it became once may end meanwhile", "[keeper]") {
    Scenario scene;
    const auto once = scene.launch(
        {"sh", "-c",
         "actor ignore-term & exec once -- actor listen " + std::to_string(scene.port())});
    once.wait_for_output("listening");
    eventually([&] { return count(once.stdout_text(), "ready ") == 2; }, "both are ready");
    pid_t before = 0;
    for (const pid_t child : children_of(once.pid())) {
        if (process(child)->name == "actor") before = child;
    }
    REQUIRE(kill(before, SIGKILL) == 0);
    eventually([&] { return !process(before).has_value(); }, "it is gone, and reaped");
    CHECK_FALSE(once.ended());
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    check_nothing_left(scene);
}

TEST_CASE("an orphan of what a shell had started before it became once is no part of the job",
          "[descriptors][keeper]") {
    for (const bool keeper_dies : {false, true}) {
        CAPTURE(keeper_dies);
        Scenario scene;
        const auto gate = make_gate(scene);
        const auto once = scene.launch(
            {"sh", "-c",
             "sh -c 'actor print-signals >before & read line <" + gate.string() +
                 "' & exec once -- sh -c 'actor listen " + std::to_string(scene.port()) +
                 " & exec actor print-signals --exit-code 3'"});
        once.wait_for_output("listening");
        eventually([&] { return count(once.stdout_text(), "ready ") == 2; }, "both are ready");
        eventually([&] { return count(scene.read_file("before"), "ready ") == 1; }, "it is there");
        const pid_t before = std::stoi(scene.read_file("before").substr(6));
        const pid_t keeper = [&] {
            for (const pid_t child : children_of(once.pid())) {
                if (process(child)->name == "job-keeper") return child;
            }
            return 0;
        }();
        REQUIRE(keeper != 0);
        open_gate(gate);
        eventually([&] { return parent_of(before) == once.pid(); }, "it is an orphan");
        scene.forgive(before);
        if (keeper_dies) {
            REQUIRE(kill(keeper, SIGKILL) == 0);
            CHECK(once.wait_ending() == killed_by(SIGKILL));
        } else {
            once.signal(SIGTERM);
            CHECK(once.wait_ending() == exited(3));
            CHECK(once.stderr_text().empty());
        }
        CHECK(alive(before));
        CHECK(count(scene.read_file("before"), "got ") == 0);
        check_nothing_left(scene);
        REQUIRE(kill(before, SIGKILL) == 0);
    }
}
