// --pid-file and --with-parent: what the process around once wants to know and to have.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aftermath.hpp"
#include "catch.hpp"
#include "terminal.hpp"

using namespace once::test;

TEST_CASE("a pid file that holds something else than a process id is refused, and kept",
          "[pid-file]") {
    Scenario scene;
    scene.write_file("code.ts", "my code\n");
    const auto once = scene.run({"once", "--pid-file", "code.ts", "-n", "x", "--", "true"});
    CHECK(once.ending == exited(125));
    CHECK(count(once.stderr_text, "it holds something else than a process id") == 1);
    CHECK(scene.read_file("code.ts") == "my code\n");
}

TEST_CASE("the option --pid-file holds the command's pid while it runs", "[pid-file]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "--pid-file", "run/it.pid", "--", "actor", "listen", scene.port()});
    CHECK(once.wait_ending() == exited(125));
    CHECK(once.stderr_text().find("run/it.pid") != std::string::npos);
    check_nothing_left(scene);

    std::filesystem::create_directory(scene.folder() / "run");
    const auto again =
        scene.launch({"once", "--pid-file", "run/it.pid", "--", "actor", "listen", scene.port()});
    again.wait_for_output("listening");
    eventually(
        [&] { return scene.read_file("run/it.pid") == std::to_string(again.ready_pid()) + "\n"; },
        "the pid in its file");
    again.signal(SIGTERM);
    CHECK(again.wait_ending() == killed_by(SIGTERM));
    CHECK(std::filesystem::is_empty(scene.folder() / "run"));
}

TEST_CASE("the option --pid-file is relative to where once was started, not to -C", "[pid-file]") {
    Scenario scene;
    std::filesystem::create_directory(scene.folder() / "sub");
    const auto once = scene.launch(
        {"once", "-C", "sub", "--pid-file", "it.pid", "--", "actor", "listen", scene.port()});
    once.wait_for_output("listening");
    eventually([&] { return !scene.read_file("it.pid").empty(); }, "the pid file");
    once.signal(SIGTERM);
    (void)once.wait_ending();
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "it.pid"));
}

TEST_CASE("the option --pid-file is removed by the keeper when once was killed",
          "[pid-file][keeper]") {
    Scenario scene;
    const auto once = scene.launch({"once", "--pid-file", "it.pid", "-p", scene.port(), "--",
                                    "actor", "listen", scene.port()});
    once.wait_for_output("listening");
    eventually([&] { return !scene.read_file("it.pid").empty(); }, "the pid file");
    once.signal(SIGKILL);
    await_nothing_left(scene);
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "it.pid"));
}

TEST_CASE("a pid file that another launch has overwritten is left alone", "[pid-file]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "--pid-file", "it.pid", "--", "actor", "listen", scene.port()});
    once.wait_for_output("listening");
    eventually([&] { return !scene.read_file("it.pid").empty(); }, "the pid file");
    SECTION("when once ends") {
        scene.write_file("it.pid", "1\n");
        once.signal(SIGTERM);
    }
    SECTION("when once is killed") {
        scene.write_file("it.pid", "1\n");
        once.signal(SIGKILL);
    }
    (void)once.wait_ending();
    await_nothing_left(scene);
    CHECK(scene.read_file("it.pid") == "1\n");
}

TEST_CASE("a pid file that cannot be written is refused before anything runs", "[pid-file]") {
    Scenario scene;
    scene.write_file("plain", "");
    std::filesystem::create_directory(scene.folder() / "folder");
    REQUIRE(mkfifo((scene.folder() / "fifo").c_str(), 0600) == 0);
    std::filesystem::create_symlink("/etc/passwd", scene.folder() / "link");
    for (const char* path : {"plain/it.pid", "folder", "fifo", "link", "missing/it.pid", "/"}) {
        INFO(path);
        const auto refused = scene.run(
            {"once", "--pid-file", path, "-p", scene.port(), "--", "sh", "-c", "echo ran"});
        CHECK(refused.ending == exited(125));
        CHECK(refused.stdout_text.empty());
        CHECK(refused.stderr_text.find(path) != std::string::npos);
        CHECK(count(refused.stderr_text, "\n") == 1);
    }
    check_nothing_left(scene);
}

TEST_CASE("no pid file is left when the command cannot be run", "[pid-file]") {
    Scenario scene;
    CHECK(scene.run({"once", "--pid-file", "it.pid", "--", "no-such-command"}).ending ==
          exited(127));
    scene.write_file("broken", "#!/no/such/interpreter\n");
    std::filesystem::permissions(scene.folder() / "broken", std::filesystem::perms::owner_all);
    CHECK(scene.run({"once", "--pid-file", "it.pid", "--", "./broken"}).ending == exited(127));
    std::filesystem::remove(scene.folder() / "broken");
    CHECK(std::filesystem::is_empty(scene.folder()));
}

TEST_CASE("with --with-parent the job ends when the starter exits", "[with-parent]") {
    Scenario scene;
    const auto parent = scene.launch(
        {"sh", "-c",
         "once --with-parent -p " + std::to_string(scene.port()) + " -- actor listen " +
             std::to_string(scene.port()) + " & read line; exit 3"},
        {.input = Input::pipe});
    parent.wait_for_output("listening");
    parent.write_input("go\n");
    CHECK(parent.wait_ending() == exited(3));
    await_nothing_left(scene);
    CHECK(parent.stderr_text().find("once: ") == 0);
    CHECK(count(parent.stderr_text(), "\n") == 1);
}

TEST_CASE("with --with-parent the job ends when the starter is killed", "[with-parent]") {
    Scenario scene;
    const auto parent =
        scene.launch({"sh", "-c",
                      "once --with-parent --stop-timeout 200ms -p " + std::to_string(scene.port()) +
                          " -- actor ignore-term " + std::to_string(scene.port()) + " & wait"});
    parent.wait_for_output("listening");
    parent.signal(SIGKILL);
    await_nothing_left(scene);
}

TEST_CASE("without --with-parent the job outlives its starter", "[with-parent]") {
    Scenario scene;
    const auto parent =
        scene.launch({"sh", "-c", "once -- actor ignore-term & read line"}, {.input = Input::pipe});
    const pid_t once = once_above(parent.ready_pid());
    parent.write_input("go\n");
    CHECK(parent.wait_ending() == exited(0));
    eventually([&] { return parent_of(once) != parent.pid(); }, "once has another parent");
    remains([&] { return alive(once); }, std::chrono::milliseconds(300), "once");
    REQUIRE(kill(once, SIGKILL) == 0);
    await_nothing_left(scene);
}

TEST_CASE("with --with-parent a launch whose starter ends while it waits leaves nothing",
          "[with-parent]") {
    Scenario scene;
    const auto holder = scene.launch({"once", "-n", "slot", "--", "actor", "listen", scene.port()});
    holder.wait_for_output("listening");
    const auto parent =
        scene.launch({"sh", "-c", "once --with-parent --wait -n slot -- actor ignore-term & wait"});
    parent.wait_for_error("once: ");
    parent.signal(SIGKILL);
    CHECK(parent.wait_ending() == killed_by(SIGKILL));
    holder.signal(SIGTERM);
    CHECK(holder.wait_ending() == killed_by(SIGTERM));
    await_nothing_left(scene);
}

TEST_CASE("with --with-parent a stopped starter is no ended one", "[with-parent]") {
    Scenario scene;
    const auto parent =
        scene.launch({"sh", "-c", "once --with-parent -- actor print-signals & wait"});
    const pid_t once = once_above(parent.ready_pid());
    parent.signal(SIGSTOP);
    eventually([&] { return process_state(parent.pid()) == 'T'; }, "the starter has stopped");
    REQUIRE(kill(once, SIGUSR1) == 0);
    parent.wait_for_output("got SIGUSR1");
    parent.signal(SIGCONT);
    REQUIRE(kill(once, SIGTERM) == 0);
    CHECK(parent.wait_ending() == exited(0));
    CHECK(count(parent.stdout_text(), "signals 2\n") == 1);
}

TEST_CASE("the option --with-parent: what had the Ctrl-C that ended its parent is not asked again",
          "[with-parent][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto script =
        terminal.start({"bash", "-c",
                        "once --with-parent --stop-timeout 1h -- sh -c "
                        "'exec actor print-signals --exit-on USR1 >out 2>&1 </dev/null' & wait"});
    eventually([&] { return count(scene.read_file("out"), "ready ") == 1; }, "it is ready");
    const pid_t leader = std::stoi(scene.read_file("out").substr(6));
    terminal.press_ctrl_c();
    CHECK(script.wait_ending() == killed_by(SIGINT));
    remains([&] { return times_got(scene.read_file("out"), "SIGTERM") == 0; },
            std::chrono::milliseconds(300), "it is not asked");
    REQUIRE(kill(leader, SIGUSR1) == 0);
    await_nothing_left(scene);
}

TEST_CASE(
    "the option --with-parent: a resized window is no request to end, and keeps nobody waiting",
    "[with-parent][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("sh -c 'once --with-parent --stop-timeout 1h -- actor print-signals; true'");
    const pid_t leader = terminal.wait_for_pid_after("ready");
    const pid_t once = once_above(leader);
    const pid_t script = parent_of(once);
    terminal.resize(30, 100);
    terminal.wait_for("got SIGWINCH");
    REQUIRE(kill(script, SIGKILL) == 0);
    terminal.wait_for("got SIGTERM");
    eventually([&] { return !alive(once); }, "it has ended");
    terminal.type_line("");
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}
