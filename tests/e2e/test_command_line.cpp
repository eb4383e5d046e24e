// What stands on a command line, and what once makes of it.

#include <signal.h>

#include <filesystem>

#include "background.hpp"
#include "holding.hpp"
#include "terminal.hpp"

using namespace once::test;
using Catch::Matchers::StartsWith;

TEST_CASE("a launch at which nothing is odd says nothing of its own", "[command-line]") {
    Scenario scene;
    const auto plain =
        scene.run({"once", "-p", scene.port(), "sh", "-c", "echo out; echo err >&2"});
    CHECK(plain.ending == exited(0));
    CHECK(plain.stdout_text == "out\n");
    CHECK(plain.stderr_text == "err\n");
}

TEST_CASE("options end at the first word that is none, and the rest is passed on untouched",
          "[command-line]") {
    Scenario scene;
    const auto rest = scene.run({"once", "-n", "x", "printf", "[%s]", "--refuse", "-p", "", "--",
                                 "-w", "--no-such-option"});
    CHECK(rest.ending == exited(0));
    CHECK(rest.stdout_text == "[--refuse][-p][][--][-w][--no-such-option]");
}

TEST_CASE("options end at --, and a later -- is the command's", "[command-line]") {
    Scenario scene;
    CHECK(scene.run({"once", "-n", "x", "--", "printf", "[%s]", "--", "-q"}).stdout_text ==
          "[--][-q]");
}

TEST_CASE("options may be written in each of the usual ways", "[command-line]") {
    Scenario scene;
    const int port = scene.port();
    const std::string text = std::to_string(port);
    const Command print{"actor", "print-environment", "ONCE_PORTS", "ONCE_NAME"};
    for (const Command& way : std::vector<Command>{{"-p", port, "-n", "x"},
                                                   {"-p" + text, "-nx"},
                                                   {"--port", port, "--name", "x"},
                                                   {"--port=" + text, "--name=x"},
                                                   {"-qp" + text, "-n", "x"}}) {
        const auto seen = scene.run(with_options(way, print));
        CHECK(seen.ending == exited(0));
        CHECK_THAT(seen.stdout_text, has("ONCE_PORTS=" + text + "\nONCE_NAME=x\n"));
    }
}

TEST_CASE("a verb is one as the first word only", "[command-line]") {
    Scenario scene;
    (void)scene.write_script("bin/status", "echo my own status \"$@\"");
    scene.set("PATH", (scene.folder() / "bin").string() + ":" + "/usr/bin:/bin");
    const auto once = Scenario::once_binary();
    CHECK(scene.run({once, "--", "status", "--json"}).stdout_text == "my own status --json\n");
    CHECK(scene.run({once, "-n", "x", "status"}).stdout_text == "my own status\n");
    CHECK(scene.run({once, "status", "--json"}).stdout_text == "[]\n");
}

TEST_CASE("ONCE=0 runs the command directly, as if once were not there", "[command-line]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    const Launch off{.environment = {{"ONCE", "0"}}};
    const auto direct =
        scene.launch({"once", "-p", scene.port(), "--", "actor", "print-signals"}, off);
    CHECK(direct.ready_pid() == direct.pid());
    CHECK(environment_of(direct.pid()).count("ONCE_JOB") == 0);
    direct.signal(SIGTERM);
    CHECK(direct.wait_ending() == exited(0));
    CHECK(alive(holder.leader));
    CHECK(scene.run({"once", "-p", scene.port(), "--", "sh", "-c", "exit 9"}, off).ending ==
          exited(9));
    CHECK(scene.run({"once", "--", "no-such-command"}, off).ending == exited(127));
}

TEST_CASE("any other value of ONCE changes nothing", "[command-line]") {
    Scenario scene;
    for (const char* value : {"1", "", "00", "off"}) {
        const auto seen = scene.run({"once", "actor", "print-environment", "ONCE_JOB"},
                                    {.environment = {{"ONCE", value}}});
        CHECK_THAT(seen.stdout_text, has("ONCE_JOB="));
    }
}

TEST_CASE("ONCE_POLICY is the policy where no option gives one", "[command-line][policy]") {
    Scenario scene;
    const auto with = [](const char* policy) {
        return Launch{.environment = {{"ONCE_POLICY", policy}}};
    };
    auto holder = hold(scene, {"-n", "x"});
    const Command again = with_options({"-n", "x"}, job(scene));
    CHECK(scene.run(again, with("refuse")).ending == exited(75));
    CHECK(scene.run(again, with("reuse")).ending == exited(0));
    CHECK(alive(holder.leader));
    const auto waiting = scene.launch(again, with("wait"));
    waiting.wait_for_error("waiting for");
    waiting.signal(SIGTERM);
    CHECK(waiting.wait_ending() == killed_by(SIGTERM));
    CHECK(alive(holder.leader));
    (void)hold(scene, {"-n", "x"}, with("replace"));
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
    (void)hold(scene, {"-n", "x"}, with(""));
}

TEST_CASE("an option goes before ONCE_POLICY", "[command-line][policy]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const Launch refusing{.environment = {{"ONCE_POLICY", "refuse"}}};
    (void)hold(scene, {"-n", "x", "--replace"}, refusing);
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("the option --dry-run says what would be done, with the same status, and does nothing",
          "[command-line]") {
    Scenario scene;
    const Command touch{"touch", "done"};
    const auto dry = [&](Command options) {
        options.emplace_back("--dry-run");
        return scene.run(with_options(options, touch));
    };
    const auto free = dry({"-n", "x"});
    CHECK(free.ending == exited(0));
    CHECK_THAT(free.stderr_text, has("would run 'touch done'"));
    CHECK(free.stdout_text.empty());
    CHECK_FALSE(std::filesystem::exists(scene.state_folder()));

    const auto holder = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    const auto before = tree(scene.state_folder());
    const auto replaced = dry({"-n", "x"});
    CHECK(replaced.ending == exited(0));
    CHECK_THAT(replaced.stderr_text, has("would replace") && has(pid_text(holder.once.pid())));
    const auto refused = dry({"-n", "x", "--refuse"});
    CHECK(refused.ending == exited(75));
    CHECK_THAT(refused.stderr_text, has(pid_text(holder.once.pid())));
    CHECK(dry({"-n", "x", "--refuse", "-E", 7}).ending == exited(7));
    CHECK(dry({"-n", "x", "--reuse"}).ending == exited(0));
    CHECK(dry({"-n", "x", "--wait"}).ending == exited(0));
    CHECK(tree(scene.state_folder()) == before);
    CHECK(alive(holder.leader));
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "done"));
}

TEST_CASE(
    "the option --dry-run has the status of a command that cannot run, and of a stranger's port",
    "[command-line]") {
    Scenario scene;
    CHECK(scene.run({"once", "--dry-run", "--", "no-such-command"}).ending == exited(127));
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    const auto refused = scene.run({"once", "--dry-run", "-p", scene.port(), "--", "true"});
    CHECK(refused.ending == exited(75));
    CHECK_THAT(refused.stderr_text, has(pid_text(stranger.pid())));
    CHECK_FALSE(std::filesystem::exists(scene.state_folder()));
}

TEST_CASE(
    "the option --dry-run: what runs is no answer if it does only a part of what is asked for",
    "[command-line]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    wait_until_state(scene, scene.port(), "ready");
    for (const bool is_dry : {true, false}) {
        Command options{"-p", scene.port(), "-p", scene.another_port(), "--reuse"};
        if (is_dry) options.emplace_back("--dry-run");
        const auto refused = scene.run(with_options(options, {"true"}));
        CHECK(refused.ending == exited(75));
        CHECK_THAT(refused.stderr_text, has("which does not hold port "));
    }
    CHECK_FALSE(holder.once.ended());
}

TEST_CASE("the option --dry-run runs nothing, with ONCE=0 neither", "[command-line]") {
    Scenario scene;
    const auto dry =
        scene.run({"once", "--dry-run", "--", "touch", "done"}, {.environment = {{"ONCE", "0"}}});
    CHECK(dry.ending == exited(0));
    CHECK_THAT(dry.stderr_text, has("would run 'touch done'"));
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "done"));
}

TEST_CASE("the option -E changes the status of a refusal, and no other", "[command-line]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    for (const int status : {0, 1, 99, 255}) {
        const auto refused = scene.run({"once", "-n", "x", "--refuse", "-E", status, "--", "true"});
        CHECK(refused.ending == exited(status));
        CHECK_THAT(refused.stderr_text, has("is held by"));
    }
    const auto waited = scene.run({"once", "-n", "x", "-w50ms", "-E", 9, "--", "true"});
    CHECK(waited.ending == exited(9));
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    CHECK(scene.run({"once", "-p", scene.port(), "-E", 9, "--", "true"}).ending == exited(9));
    CHECK(scene.run({"once", "-n", "y", "-E", 9, "--", "no-such-command"}).ending == exited(127));
    CHECK(scene.run({"once", "-n", "y", "-E", 9, "--", "sh", "-c", "exit 75"}).ending ==
          exited(75));
    CHECK(alive(holder.leader));
}

TEST_CASE("the option --quiet says only why once itself gives up", "[command-line]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x", "-q"});
    CHECK(scene.run({"once", "-q", "-n", "x", "--reuse", "--", "true"}).stderr_text.empty());
    CHECK_THAT(scene.run({"once", "-q", "-n", "x", "--refuse", "--", "true"}).stderr_text,
               StartsWith("once: ") && has("is held by"));
    const auto next = hold(scene, {"-n", "x", "-q"});
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
    CHECK(holder.once.stderr_text().empty());
    CHECK(next.once.stderr_text().empty());
}

TEST_CASE("the option --verbose tells each step on stderr, every line begun by once:",
          "[command-line]") {
    Scenario scene;
    const auto told = scene.run({"once", "-v", "-n", "x", "--", "echo", "out"});
    CHECK(told.ending == exited(0));
    CHECK(told.stdout_text == "out\n");
    CHECK_THAT(told.stderr_text, has("launched 'echo out'"));
    CHECK(count(told.stderr_text, "\n") == count("\n" + told.stderr_text, "\nonce: "));
}

TEST_CASE("words are coloured on a terminal, unless NO_COLOR, a dumb one or --color say otherwise",
          "[command-line][terminal]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const auto on_terminal = [&](Command options, Launch how) {
        Terminal terminal(scene);
        for (const Word& word : Command{"-n", "x", "--refuse"}) options.push_back(word);
        (void)terminal.start(with_options(options, {"true"}), std::move(how)).wait_ending();
        terminal.wait_for("is held by");
        return terminal.screen().find("\033[") != std::string::npos;
    };
    const Launch xterm{.environment = {{"TERM", "xterm"}}};
    CHECK(on_terminal({}, xterm));
    CHECK_FALSE(on_terminal({}, {.environment = {{"TERM", "dumb"}}}));
    CHECK_FALSE(on_terminal({}, {.environment = {{"TERM", std::nullopt}}}));
    CHECK_FALSE(on_terminal({}, {.environment = {{"TERM", "xterm"}, {"NO_COLOR", "1"}}}));
    CHECK(on_terminal({}, {.environment = {{"TERM", "xterm"}, {"NO_COLOR", ""}}}));
    CHECK_FALSE(on_terminal({"--color=never"}, xterm));
    CHECK(on_terminal({"--color=always"}, {.environment = {{"NO_COLOR", "1"}}}));
}

TEST_CASE("words in a pipe are coloured only with --color always", "[command-line]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const auto refusal = [&](const char* when) {
        return scene
            .run({"once", "--color", when, "-n", "x", "--refuse", "--", "true"},
                 {.environment = {{"TERM", "xterm"}}})
            .stderr_text;
    };
    CHECK_THAT(refusal("always"), has("\033["));
    CHECK_THAT(refusal("auto"), !has("\033["));
    CHECK_THAT(refusal("never"), !has("\033["));
}

TEST_CASE("the options --help and --version go to stdout, do nothing, and need no command",
          "[command-line]") {
    Scenario scene;
    for (const char* option : {"-h", "--help"}) {
        const auto help = scene.run({"once", option});
        CHECK(help.ending == exited(0));
        CHECK_THAT(help.stdout_text, has("usage: once [OPTION]... [--] COMMAND [ARG]...") &&
                                         has("--port") && has("ONCE_POLICY"));
        CHECK(help.stderr_text.empty());
    }
    for (const char* option : {"-V", "--version"}) {
        const auto version = scene.run({"once", "-n", "x", option, "touch", "done"});
        CHECK(version.ending == exited(0));
        CHECK_THAT(version.stdout_text, StartsWith("once "));
        CHECK(count(version.stdout_text, "\n") == 1);
    }
    CHECK(tree(scene.folder()).empty());
    CHECK_FALSE(std::filesystem::exists(scene.state_folder()));
}

TEST_CASE("the option --help is short, and no line of it is wider than a screen",
          "[command-line]") {
    Scenario scene;
    const auto help = scene.run({"once", "--help"}).stdout_text;
    CHECK(count(help, "\n") <= 70);
    for (std::size_t start = 0; start < help.size();) {
        const auto end = help.find('\n', start);
        CHECK(end - start <= 80);
        start = end + 1;
    }
}
