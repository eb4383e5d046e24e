// How a job ends, `once` ends: with its status, or by its signal.

#include <signal.h>
#include <sys/resource.h>

#include "aftermath.hpp"
#include "catch.hpp"
#include "terminal.hpp"

using namespace once::test;

TEST_CASE("the exit status is the command's own", "[ending]") {
    Scenario scene;
    for (const int status : {0, 1, 2, 64, 75, 125, 126, 127, 128, 130, 143, 255}) {
        CHECK(scene.run({"once", "--", "actor", "exit", status}).ending == exited(status));
    }
    check_nothing_left(scene);
}

TEST_CASE("nothing is said when a command ends, whatever its status", "[ending]") {
    Scenario scene;
    CHECK(scene.run({"once", "-p", scene.port(), "--", "actor", "exit", 0}).stderr_text.empty());
    CHECK(scene.run({"once", "-p", scene.port(), "--", "actor", "exit", 9}).stderr_text.empty());
    CHECK(
        scene.run({"once", "-p", scene.port(), "--", "actor", "die", "KILL"}).stderr_text.empty());
}

TEST_CASE("once dies of the signal that the command died of, and without a core dump", "[ending]") {
    Scenario scene;
    // Whatever this machine does with core dumps: the command may make one.
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_CORE, &before) == 0);
    const rlimit all{.rlim_cur = before.rlim_max, .rlim_max = before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_CORE, &all) == 0);
    for (const int signal : {SIGTERM, SIGINT, SIGKILL, SIGSEGV, SIGABRT, SIGQUIT, SIGHUP, SIGPIPE,
                             SIGALRM, SIGUSR1, SIGXCPU}) {
        const auto finished = scene.run({"once", "-p", scene.port(), "--", "actor", "die", signal});
        CHECK(finished.ending == killed_by(signal));
    }
    CHECK(setrlimit(RLIMIT_CORE, &before) == 0);
    check_nothing_left(scene);
}

TEST_CASE("as pid 1 of a pid namespace, where no signal kills it, once exits with 128 + n",
          "[ending]") {
    Scenario scene;
    const auto in_namespace = [&](const Command& job) {
        Command command = {"unshare",      "--user", "--map-current-user",
                           "--fork",       "--pid",  "--mount-proc",
                           "--kill-child", "once",   "--"};
        command.insert(command.end(), job.begin(), job.end());
        return scene.run(command);
    };
    if (in_namespace({"true"}).ending != exited(0)) {
        WARN("skipped: no pid namespace can be made here");
        return;
    }
    CHECK(in_namespace({"actor", "exit", 5}).ending == exited(5));
    CHECK(in_namespace({"actor", "die", "TERM"}).ending == exited(128 + SIGTERM));
    CHECK(in_namespace({"actor", "die", "KILL"}).ending == exited(128 + SIGKILL));
    CHECK(in_namespace({"actor", "die", "SEGV"}).ending == exited(128 + SIGSEGV));
    check_nothing_left(scene);
}

TEST_CASE("as pid 1 of a pid namespace once passes TERM on", "[ending][signals]") {
    Scenario scene;
    const auto space = scene.launch({"unshare", "--user", "--map-current-user", "--fork", "--pid",
                                     "--mount-proc", "once", "--", "actor", "print-signals"});
    if (within(patience / 10, [&] { return space.ended(); })) {
        WARN("skipped: no pid namespace can be made here");
        return;
    }
    space.wait_for_output("ready");
    const auto inside = children_of(space.pid());
    REQUIRE(inside.size() == 1);
    REQUIRE(kill(inside.front(), SIGUSR1) == 0);
    space.wait_for_output("got SIGUSR1");
    REQUIRE(kill(inside.front(), SIGTERM) == 0);
    CHECK(space.wait_ending() == exited(0));
    CHECK(times_got(space.stdout_text(), "SIGTERM") == 1);
    check_nothing_left(scene);
}

TEST_CASE("a command that is not found is 127, one that cannot be executed 126", "[ending]") {
    Scenario scene;
    const auto missing = scene.run({"once", "-p", scene.port(), "--", "no-such-command"});
    CHECK(missing.ending == exited(127));
    CHECK(missing.stderr_text.find("once: ") == 0);
    CHECK(missing.stderr_text.find("'no-such-command'") != std::string::npos);
    CHECK(count(missing.stderr_text, "\n") == 1);
    scene.write_file("plain", "text\n");
    const auto plain = scene.run({"once", "-p", scene.port(), "--", "./plain"});
    CHECK(plain.ending == exited(126));
    CHECK(plain.stderr_text.find("Permission denied") != std::string::npos);
    CHECK(scene.run({"once", "--", scene.folder()}).ending == exited(126));
    check_nothing_left(scene);
}

TEST_CASE("a script is executed, and a missing interpreter is 127", "[ending]") {
    Scenario scene;
    CHECK(scene.run({"once", "--", scene.write_script("works", "exit 6")}).ending == exited(6));
    scene.write_file("broken", "#!/no/such/interpreter\n");
    std::filesystem::permissions(scene.folder() / "broken", std::filesystem::perms::owner_all);
    const auto broken = scene.run({"once", "--", "./broken"});
    CHECK(broken.ending == exited(127));
    CHECK(broken.stderr_text.find("once: ") == 0);
    check_nothing_left(scene);
}

TEST_CASE("a Ctrl-C ends the loop of a script around once", "[ending][terminal]") {
    Scenario scene;
    const auto script = scene.write_script("loop", "");
    scene.write_file("loop", "#!/bin/bash\nfor i in 1 2 3; do\n  once -- actor listen " +
                                 std::to_string(scene.port()) + "\n  echo next $i\ndone\n");
    Terminal terminal(scene);
    (void)terminal.start_shell();
    terminal.type_line("./loop");
    terminal.wait_for("listening");
    terminal.press_ctrl_c();
    terminal.wait_for_prompt();
    CHECK(count(terminal.screen(), "next ") == 0);
    CHECK(count(terminal.screen(), "listening") == 1);
    terminal.type_line("echo status=$?");
    terminal.wait_for("status=130");
    CHECK_FALSE(listening(scene.port()));
}
