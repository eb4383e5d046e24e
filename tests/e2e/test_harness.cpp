// The stage is tested before anybody plays on it: these tests need the actors, but not `once`.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catch.hpp"
#include "isolation.hpp"
#include "scenario.hpp"
#include "terminal.hpp"

using namespace once::test;

TEST_CASE("an isolated test sees nobody but its init and itself", "[harness]") {
    if (!isolated()) return;
    CHECK(getpid() == 2);
    CHECK(processes().size() == 2);
    CHECK(parent_of(2) == 1);
}

TEST_CASE("a scenario has folders of its own and removes them", "[harness]") {
    std::filesystem::path folder;
    {
        Scenario scene;
        folder = scene.folder();
        scene.write_file("a/b", "text");
        CHECK(scene.read_file("a/b") == "text");
        CHECK(scene.run({scene.write_script("hello", "echo hello")}).stdout_text == "hello\n");
        CHECK(scene.run({"pwd"}).stdout_text == folder.string() + "\n");
        CHECK_FALSE(std::filesystem::exists(scene.state_folder()));
        std::filesystem::create_directory(scene.folder() / "shut");
        scene.write_file("shut/file", "");
        REQUIRE(chmod((scene.folder() / "shut").c_str(), 0) == 0);
    }
    CHECK_FALSE(std::filesystem::exists(folder));
}

TEST_CASE("a program's ending is its code or its signal", "[harness]") {
    Scenario scene;
    CHECK(scene.run({"actor", "exit", 42}).ending == exited(42));
    CHECK(scene.run({"actor", "die", "TERM"}).ending == killed_by(SIGTERM));
    CHECK(scene.run({"actor", "die", "SIGKILL"}).ending == killed_by(SIGKILL));
    CHECK(scene.run({"actor", "no-such-actor"}).ending == exited(64));
}

TEST_CASE("the environment is the scenario's, and a launch's on top", "[harness]") {
    Scenario scene;
    scene.set("COLOUR", "green");
    scene.set("TASTE", "sweet");
    const Launch how = {.environment = {{"TASTE", std::nullopt}, {"SOUND", "loud"}}};
    const auto seen = scene.run(
        {"actor", "print-environment", "COLOUR", "TASTE", "SOUND", "PORT", "ONCE_STATE_DIR"}, how);
    CHECK(seen.stdout_text.find("COLOUR=green\nTASTE unset\nSOUND=loud\nPORT unset\n"
                                "ONCE_STATE_DIR=" +
                                scene.state_folder().string() + "\n") != std::string::npos);
    const auto running = scene.launch({"actor", "ignore-term"});
    CHECK(environment_of(running.ready_pid()).at("COLOUR") == "green");
    running.signal(SIGKILL);
    CHECK(running.wait_ending() == killed_by(SIGKILL));
}

TEST_CASE("a program gets no descriptor, mask or disposition but those it shall have",
          "[harness]") {
    Scenario scene;
    const auto plain = scene.run({"actor", "print-fds"});
    CHECK(count(plain.stdout_text, "fd ") == 3);
    CHECK(plain.stdout_text.find("fd 0 -> /dev/null") != std::string::npos);
    const auto kept = scene.run({"actor", "print-fds"}, {.kept = {STDERR_FILENO}});
    CHECK(count(kept.stdout_text, "fd ") == 3);

    const auto neither = scene.run({"actor", "print-dispositions"});
    CHECK(neither.stdout_text.find("SigIgn:\t0000000000000000") != std::string::npos);
    CHECK(neither.stdout_text.find("SigBlk:\t0000000000000000") != std::string::npos);
    const auto odd =
        scene.run({"actor", "print-dispositions"}, {.ignored = {SIGHUP}, .blocked = {SIGINT}});
    CHECK(odd.stdout_text.find("SigIgn:\t0000000000000001") != std::string::npos);
    CHECK(odd.stdout_text.find("SigBlk:\t0000000000000002") != std::string::npos);
}

TEST_CASE("a program stands in a session, a group or nothing of its own", "[harness]") {
    Scenario scene;
    const auto session = scene.launch({"actor", "ignore-term"});
    const auto group = scene.launch({"actor", "ignore-term"}, {.place = Place::group});
    const auto none = scene.launch({"actor", "ignore-term"}, {.place = Place::none});
    CHECK(session_of(session.ready_pid()) == session.pid());
    CHECK(group_of(group.ready_pid()) == group.pid());
    CHECK(session_of(group.pid()) == session_of(getpid()));
    CHECK(group_of(none.ready_pid()) == group_of(getpid()));
    for (const Running& one : {session, group, none}) one.signal(SIGKILL);
}

TEST_CASE("input goes in and output comes out, however much", "[harness]") {
    Scenario scene;
    const auto cat = scene.launch({"actor", "stdin-to-stdout"}, {.input = Input::pipe});
    const pid_t pid = cat.ready_pid();
    CHECK(pid == cat.pid());
    std::string much;
    for (int line = 0; line < 10'000; ++line) much += "line " + std::to_string(line) + "\n";
    cat.write_input(std::string_view(much).substr(0, 50'000));
    eventually([&] { return cat.stdout_text().size() > 50'000; }, "the first part comes back");
    cat.write_input(std::string_view(much).substr(50'000, 50'000));
    cat.close_input();
    CHECK(cat.wait_ending() == exited(0));
    CHECK(cat.stdout_text() == "ready " + std::to_string(pid) + "\n" + much.substr(0, 100'000));
    CHECK(cat.output_ended());
    // Nobody asks for this output while the other one is waited for; it flows all the same.
    const auto flood = scene.launch({"sh", "-c", "seq 100000; seq 100000 >&2"});
    CHECK(scene.run({"actor", "exit", 0}).ending == exited(0));
    eventually([&] { return flood.ended(); }, "a flood ends");
    CHECK(count(flood.stderr_text(), "\n") == 100'000);
}

TEST_CASE("a listener is seen on any address, with all who share it", "[harness]") {
    Scenario scene;
    const int port = scene.port();
    CHECK_FALSE(listening(port));
    const auto four = scene.launch({"actor", "share-socket", port});
    const pid_t child = four.pid_after("shared");
    CHECK(listening(port));
    CHECK(listener_pids(port) == std::vector<pid_t>{four.pid(), child});
    CHECK(children_of(four.pid()) == std::vector<pid_t>{child});
    four.signal(SIGTERM);
    CHECK(four.wait_ending() == killed_by(SIGTERM));
    CHECK(listener_pids(port) == std::vector<pid_t>{child});
    REQUIRE(kill(child, SIGTERM) == 0);
    eventually([&] { return !listening(port); }, "the port is free again");

    const auto six = scene.launch({"actor", "listen", port, "::1"});
    six.wait_for_output("listening");
    CHECK(listener_pids(port) == std::vector<pid_t>{six.pid()});
    const int other = scene.another_port();
    CHECK(other != port);
    const auto bound = scene.launch({"actor", "bind-only", other});
    bound.wait_for_output("bound");
    CHECK_FALSE(listening(other));
}

TEST_CASE("a port that is connected from is no listener", "[harness]") {
    Scenario scene;
    const int from = scene.another_port();
    const auto server = scene.launch({"actor", "answer-http", scene.port()});
    server.wait_for_output("listening");
    const auto client = scene.launch({"actor", "connect-from", from, scene.port()});
    client.wait_for_output("connected");
    CHECK_FALSE(listening(from));
}

TEST_CASE("a server that stops slowly holds its port until it is through", "[harness]") {
    Scenario scene;
    const auto server = scene.launch({"actor", "listen-slow-stop", scene.port(), 100});
    server.wait_for_output("listening");
    server.signal(SIGTERM);
    server.wait_for_output("stopping");
    CHECK(server.wait_ending() == exited(0));
    CHECK(count(server.stdout_text(), "stopped") == 1);
}

TEST_CASE("every signal is printed with its sender", "[harness]") {
    Scenario scene;
    const auto actor =
        scene.launch({"actor", "print-signals", "--exit-on", "INT", "--exit-code", 7});
    (void)actor.ready_pid();
    const std::string self = std::to_string(getpid());
    actor.signal(SIGTERM);
    actor.wait_for_output("got SIGTERM from " + self + " code SI_USER\n");
    actor.signal(SIGINT);
    CHECK(actor.wait_ending() == exited(7));
    CHECK(count(actor.stdout_text(), "got SIGINT from " + self) == 1);
    CHECK(count(actor.stdout_text(), "signals 2\n") == 1);
}

TEST_CASE("a relay passes TERM on and ends as its child did", "[harness]") {
    Scenario scene;
    const auto relay = scene.launch({"actor", "relay", "actor", "listen", scene.port()});
    relay.wait_for_output("listening");
    relay.signal(SIGTERM);
    CHECK(relay.wait_ending() == killed_by(SIGTERM));
    CHECK(scene.survivors().empty());
}

TEST_CASE("descendants are found however deep and odd they are", "[harness]") {
    Scenario scene;
    const auto tree = scene.launch({"actor", "tree", 50});
    tree.wait_for_output("tree 50\n");
    const auto found = descendants(tree.pid());
    CHECK(found.size() == 50);
    for (const pid_t pid : found) CHECK(kill(pid, SIGKILL) == 0);
    eventually([&] { return descendants(tree.pid()).empty(); }, "the tree is felled");
}

TEST_CASE("a zombie is not alive, a stopped process is", "[harness]") {
    Scenario scene;
    const auto parent = scene.launch({"actor", "zombie-parent"});
    const pid_t zombie = parent.pid_after("zombie");
    CHECK(process_state(zombie) == 'Z');
    CHECK_FALSE(alive(zombie));
    CHECK(children_of(parent.pid()).empty());
    const auto stopped = scene.launch({"actor", "stopped"});
    eventually([&] { return process_state(stopped.pid()) == 'T'; }, "it has stopped");
    CHECK(alive(stopped.pid()));
    stopped.signal(SIGCONT);
    stopped.wait_for_output("continued");
}

TEST_CASE("whoever leaves a session or a parent is noticed as a survivor", "[harness]") {
    Scenario scene;
    for (const char* way : {"escape-session", "escape-keeping-stdio"}) {
        const auto actor = scene.launch({"actor", way});
        const pid_t daemon = actor.pid_after("escaped");
        actor.signal(SIGTERM);
        CHECK(actor.wait_ending() == killed_by(SIGTERM));
        CHECK(session_of(daemon) != actor.pid());
        REQUIRE(scene.survivors().size() == 1);
        CHECK(scene.survivors().front().pid == daemon);
        CHECK(portrait(scene.survivors().front()).find(way) != std::string::npos);
        REQUIRE(kill(daemon, SIGKILL) == 0);
        eventually([&] { return !alive(daemon); }, "the daemon is gone");
    }
    const auto chain = scene.launch({"actor", "fork-chain", 20});
    CHECK(chain.wait_ending() == exited(0));
    scene.forgive(chain.pid_after("last"));
    eventually([&] { return scene.survivors().empty(); }, "all but the last link are gone");
    scene.forgive(scene.launch({"actor", "fork-and-leave"}).pid_after("left"));
    scene.forgive(scene.launch({"actor", "escape-session-and-exit"}).pid_after("escaped"));
}

TEST_CASE("a test that leaves a survivor fails", "[harness][!shouldfail]") {
    Scenario scene;
    CHECK(scene.run({"actor", "fork-and-leave"}).ending == exited(0));
}

TEST_CASE("a test that waits in vain fails, and its scenario ends all", "[harness]") {
    pid_t left = 0;
    {
        Scenario scene;
        const auto actor = scene.launch({"actor", "escape-session", scene.port()});
        left = actor.pid_after("escaped");
        CHECK_FALSE(within(std::chrono::milliseconds(50), [&] { return !alive(left); }));
        remains([&] { return listening(scene.port()); }, std::chrono::milliseconds(50), "the port");
        scene.forgive(left);
    }
    CHECK_FALSE(alive(left));
}

TEST_CASE("a lock is held by one actor at a time", "[harness]") {
    Scenario scene;
    const auto first = scene.launch({"actor", "lock", "proof"});
    first.wait_for_output("locked");
    CHECK(scene.run({"actor", "lock", "proof"}).ending == exited(99));
}

TEST_CASE("a shell on a terminal runs jobs in the foreground", "[harness][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    CHECK(session_of(shell.pid()) == shell.pid());
    terminal.type_line("actor print-relations");
    const pid_t foreground = terminal.wait_for_pid_after("foreground");
    CHECK(foreground != shell.pid());
    terminal.wait_for_prompt();
    CHECK(terminal.foreground_group() == shell.pid());

    terminal.type_line("actor print-signals --exit-on INT");
    const pid_t actor = terminal.wait_for_pid_after("ready");
    CHECK(terminal.foreground_group() == actor);
    terminal.press_ctrl_z();
    terminal.wait_for("Stopped");
    CHECK(process_state(actor) == 'T');
    terminal.type_line("fg");
    terminal.wait_for("got SIGCONT");
    terminal.resize(30, 100);
    terminal.wait_for("got SIGWINCH from 0 code SI_KERNEL");
    terminal.press_ctrl_c();
    terminal.wait_for("got SIGINT from 0 code SI_KERNEL");
    terminal.wait_for_prompt();
    terminal.type_line("actor read-line");
    terminal.wait_for("ready");
    terminal.type_line("typed text");
    terminal.wait_for("line: typed text");
    terminal.type_line("exit 3");
    CHECK(shell.wait_ending() == exited(3));
}

TEST_CASE("a program right on a terminal may take its modes, and hears the hang-up",
          "[harness][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    CHECK((terminal.modes().c_lflag & ICANON) != 0);
    const auto actor = terminal.start({"actor", "hold-terminal"});
    terminal.wait_for("holding");
    CHECK((terminal.modes().c_lflag & ICANON) == 0);
    terminal.close();
    CHECK(actor.wait_ending() == killed_by(SIGHUP));
}

TEST_CASE("closing a terminal ends the shell and its jobs", "[harness][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    (void)terminal.start_shell();
    terminal.type_line("actor listen " + std::to_string(scene.port()) + " &");
    terminal.wait_for("listening");
}
