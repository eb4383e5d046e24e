// What the job is given: signals as once found them, environment, folder, stdin.

#include <signal.h>

#include "aftermath.hpp"
#include "catch.hpp"

using namespace once::test;

namespace {

/// The line of /proc/PID/status that a `print-dispositions` has printed.
std::string line_of(const std::string& output, const std::string& name) {
    const auto at = output.find(name + ":\t");
    if (at == std::string::npos) return "no " + name;
    return output.substr(at, output.find('\n', at) - at);
}

const std::string none = "0000000000000000";

}  // namespace

TEST_CASE("the job finds all signals as once found them", "[inheritance]") {
    Scenario scene;
    const auto plain = scene.run({"once", "-p", scene.port(), "--", "actor", "print-dispositions"});
    CHECK(line_of(plain.stdout_text, "SigIgn") == "SigIgn:\t" + none);
    CHECK(line_of(plain.stdout_text, "SigBlk") == "SigBlk:\t" + none);
    CHECK(line_of(plain.stdout_text, "SigCgt") == "SigCgt:\t" + none);
    CHECK(line_of(plain.stdout_text, "SigPnd") == "SigPnd:\t" + none);
}

TEST_CASE("the signal mask is passed on, all of it", "[inheritance]") {
    Scenario scene;
    const Launch how = {.blocked = {SIGHUP, SIGUSR1, SIGTERM, SIGCHLD, SIGTSTP, SIGRTMIN}};
    const auto bare = scene.run({"actor", "print-dispositions"}, how);
    const auto job = scene.run({"once", "--", "actor", "print-dispositions"}, how);
    CHECK(line_of(bare.stdout_text, "SigBlk") != "SigBlk:\t" + none);
    CHECK(line_of(job.stdout_text, "SigBlk") == line_of(bare.stdout_text, "SigBlk"));
}

TEST_CASE("each signal that was ignored stays ignored, and no other is", "[inheritance]") {
    Scenario scene;
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD, SIGUSR1, SIGTTOU,
                             SIGTSTP, SIGCONT, SIGWINCH, SIGALRM}) {
        const Launch how = {.ignored = {signal}};
        const auto bare = scene.run({"actor", "print-dispositions"}, how);
        const auto job = scene.run({"once", "--", "actor", "print-dispositions"}, how);
        CHECK(job.ending == exited(0));
        CHECK(line_of(bare.stdout_text, "SigIgn") != "SigIgn:\t" + none);
        CHECK(line_of(job.stdout_text, "SigIgn") == line_of(bare.stdout_text, "SigIgn"));
    }
}

TEST_CASE("with CHLD ignored the job's status is known all the same", "[inheritance]") {
    Scenario scene;
    const Launch how = {.ignored = {SIGCHLD}};
    CHECK(scene.run({"once", "-p", scene.port(), "--", "actor", "exit", 7}, how).ending ==
          exited(7));
    CHECK(scene.run({"once", "--", "actor", "die", "TERM"}, how).ending == killed_by(SIGTERM));
    CHECK(scene.run({"once", "--", "no-such-command"}, how).ending == exited(127));
    CHECK(scene.run({"once", "--", "actor", "fork-and-leave"}, how).ending == exited(0));
    check_nothing_left(scene);
}

TEST_CASE("under nohup a HUP means nothing to once and its job", "[inheritance][signals]") {
    Scenario scene;
    const auto once =
        scene.launch({"nohup", "once", "--stop-timeout", "100ms", "--", "actor", "print-signals"});
    (void)once.ready_pid();
    once.signal(SIGHUP);
    once.signal(SIGUSR1);
    once.wait_for_output("got SIGUSR1");
    once.signal(SIGHUP);
    remains([&] { return !once.ended(); }, std::chrono::milliseconds(400), "the job");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == exited(0));
    CHECK(times_got(once.stdout_text(), "SIGHUP") == 0);
    CHECK(count(once.stdout_text(), "signals 2\n") == 1);
}

TEST_CASE("in the background of a script INT and QUIT mean nothing to once and its job",
          "[inheritance][signals]") {
    Scenario scene;
    const auto script = scene.launch(
        {"sh", "-c", "once -- actor print-dispositions; once -- actor print-dispositions & wait"});
    CHECK(script.wait_ending() == exited(0));
    const std::string& said = script.stdout_text();
    CHECK(line_of(said, "SigIgn") == "SigIgn:\t" + none);
    CHECK(count(said, "SigIgn:\t0000000000000006\n") == 1);

    const auto background = scene.launch({"sh", "-c", "once -- actor print-signals & wait"});
    const pid_t once = once_above(background.ready_pid());
    for (const int signal : {SIGINT, SIGQUIT, SIGUSR2}) REQUIRE(kill(once, signal) == 0);
    background.wait_for_output("got SIGUSR2");
    REQUIRE(kill(once, SIGTERM) == 0);
    CHECK(background.wait_ending() == exited(0));
    CHECK(count(background.stdout_text(), "signals 2\n") == 1);
    check_nothing_left(scene);
}

TEST_CASE("PORT is the first port, unless it is set already", "[inheritance]") {
    Scenario scene;
    const std::string port = std::to_string(scene.port());
    const std::string other = std::to_string(scene.another_port());
    const Command job = {"once", "-p",         port,       "-p",
                         other,  "--",         "actor",    "print-environment",
                         "PORT", "ONCE_PORTS", "ONCE_NAME"};
    const auto unset = scene.run(job);
    CHECK(count(unset.stdout_text, "PORT=" + port + "\n") == 1);
    CHECK(count(unset.stdout_text, "ONCE_PORTS=" + port + "," + other + "\n") == 1);
    CHECK(count(unset.stdout_text, "ONCE_NAME unset\n") == 1);
    // What an outer once has set was meant for its own job.
    const auto nested = scene.run(job, {.environment = {{"PORT", "9"}, {"ONCE_PORTS", "9,10"}}});
    CHECK(count(nested.stdout_text, "PORT=" + port + "\n") == 1);
    for (const char* value : {"1234", ""}) {
        const auto set = scene.run(job, {.environment = {{"PORT", value}}});
        CHECK(count(set.stdout_text, "\nPORT=" + std::string(value) + "\n") == 1);
        CHECK(count(set.stdout_text, "ONCE_PORTS=" + port + "," + other + "\n") == 1);
    }
}

TEST_CASE("ONCE_NAME is the name, and nothing that was not claimed is set", "[inheritance]") {
    Scenario scene;
    const auto seen = scene.run({"once", "-n", "api", "--", "actor", "print-environment",
                                 "ONCE_NAME", "ONCE_PORTS", "PORT"});
    CHECK(count(seen.stdout_text, "ONCE_NAME=api\nONCE_PORTS unset\nPORT unset\n") == 1);
}

TEST_CASE("a job is marked by an id of its own, a nested one by both", "[inheritance]") {
    Scenario scene;
    const auto mark_of = [&](const Command& command) {
        const std::string text = scene.run(command).stdout_text;
        const auto at = text.find("ONCE_JOB=");
        REQUIRE(at != std::string::npos);
        return text.substr(at + 9, text.find('\n', at) - at - 9);
    };
    const Command plain = {"once", "-n", "one", "--", "actor", "print-environment", "ONCE_JOB"};
    const std::string first = mark_of(plain);
    CHECK_FALSE(first.empty());
    CHECK(first.find(':') == std::string::npos);
    CHECK(mark_of(plain) != first);

    const auto nested = scene.run({"once", "-n", "outer", "--", "sh", "-c",
                                   "echo outer=$ONCE_JOB; once -n inner -- sh -c 'echo "
                                   "inner=$ONCE_JOB; once -n third -- sh -c \"echo "
                                   "third=\\$ONCE_JOB\"'"});
    const auto value = [&](const std::string& name) {
        const auto at = nested.stdout_text.find(name + "=") + name.size() + 1;
        return nested.stdout_text.substr(at, nested.stdout_text.find('\n', at) - at);
    };
    CHECK(value("inner").find(value("outer") + ":") == 0);
    CHECK(value("third").find(value("inner") + ":") == 0);
    CHECK(count(value("third"), ":") == 2);
}

TEST_CASE("all other variables are passed on as they are", "[inheritance]") {
    Scenario scene;
    scene.set("ODD", "a=b\n\xff\xfe");
    const auto bare = scene.run({"env", "-0"});
    const auto job = scene.run({"once", "--", "env", "-0"});
    std::string rest = job.stdout_text;
    const auto mark = rest.find("ONCE_JOB=");
    REQUIRE(mark != std::string::npos);
    rest.erase(mark, rest.find('\0', mark) + 1 - mark);
    CHECK(rest == bare.stdout_text);
}

TEST_CASE("the option -C runs the command in another folder", "[inheritance]") {
    Scenario scene;
    std::filesystem::create_directories(scene.folder() / "packages" / "api");
    const auto there = scene.run({"once", "-C", "packages/api", "--", "pwd"});
    CHECK(there.stdout_text == (scene.folder() / "packages" / "api").string() + "\n");
    scene.write_script("packages/api/tool", "echo the tool\n");
    CHECK(scene.run({"once", "-C", "packages/api", "--", "./tool"}).stdout_text == "the tool\n");
    const auto missing = scene.run({"once", "-C", "no-such-folder", "--", "true"});
    CHECK(missing.ending == exited(125));
    CHECK(missing.stderr_text.find("no-such-folder") != std::string::npos);
    check_nothing_left(scene);
}

TEST_CASE("stdin is the job's, to the last byte and to its end", "[inheritance]") {
    Scenario scene;
    const auto cat = scene.launch({"once", "-p", scene.port(), "--", "actor", "stdin-to-stdout"},
                                  {.input = Input::pipe});
    const pid_t pid = cat.ready_pid();
    std::string much;
    for (int line = 0; line < 5000; ++line) much += "line " + std::to_string(line) + "\n";
    cat.write_input(std::string_view(much).substr(0, 40'000));
    cat.close_input();
    CHECK(cat.wait_ending() == exited(0));
    CHECK(cat.stdout_text() == "ready " + std::to_string(pid) + "\n" + much.substr(0, 40'000));
    CHECK(cat.stderr_text().empty());
}
