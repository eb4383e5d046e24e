// Command lines that once refuses. What is refused here has started nothing and written nothing.

#include <signal.h>
#include <sys/stat.h>

#include <filesystem>

#include "holding.hpp"

using namespace once::test;
using Catch::Matchers::StartsWith;

namespace {

const Command touch{"touch", "done"};

/// One line, by once, with these words; 125; and the world is as before.
void check_refused(Scenario& scene, const Command& command, const std::string& words,
                   const Launch& how = {}) {
    const auto refused = scene.run(command, how);
    std::string line;
    for (const Word& word : command) line += word.text + " ";
    INFO(line);
    CHECK(refused.ending == exited(125));
    CHECK_THAT(refused.stderr_text, StartsWith("once: ") && has(words));
    CHECK(count(refused.stderr_text, "\n") == 1);
    CHECK(refused.stdout_text.empty());
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "done"));
    CHECK_FALSE(std::filesystem::exists(scene.state_folder()));
}

void check_values(const std::string& option, const std::vector<std::string>& values,
                  const std::string& accepted) {
    Scenario scene;
    for (const std::string& value : values) {
        check_refused(scene, with_options({"--" + option + "=" + value}, touch), accepted);
        check_refused(scene, with_options({"--" + option + "=" + value}, touch),
                      "--" + option + ": '" + value + "'");
    }
}

}  // namespace

TEST_CASE("a port is a number from 1 to 65535", "[command-line][bad]") {
    check_values("port",
                 {"0", "65536", "-1", "+80", "80x", "x", "", " 80", "80 ", "8.0", "0x50",
                  "99999999999999999999", "80,81", "http"},
                 "a port is a number from 1 to 65535");
}

TEST_CASE("a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -", "[command-line][bad]") {
    check_values("name", {"", "a b", "a/b", "../x", "\xc3\xa4", "a:b", std::string(65, 'a')},
                 "a name is 1 to 64");
    check_values("name", {"8001", "0"}, "a name needs something beside digits");
    check_values("name", {"."}, "the jobs of a folder without a name");
    Scenario scene;
    const std::string longest(64, 'a');
    for (const auto& name :
         {longest, std::string("A-z_0.9"), std::string(".."), std::string("1.")}) {
        CHECK(scene.run({"once", "--name=" + name, "--", "true"}).ending == exited(0));
    }
}

TEST_CASE("a duration is 500ms, 5s, 2m, 1h or a bare number of seconds", "[command-line][bad]") {
    const std::vector<std::string> odd{"",   "x",   "-1",    "5x",   "5 s",
                                       "1d", "1.5", "1h30m", "ms",   "99999999999999999999",
                                       "s",  "5S",  "1e3",   "5s\n", "9999999999999999h"};
    check_values("stop-timeout", {odd.begin(), odd.end() - 2}, "a duration is 500ms, 5s, 2m or 1h");
    check_values("wait", {odd.begin(), odd.end() - 2}, "a duration is 500ms, 5s, 2m or 1h");
    Scenario scene;
    for (const char* good : {"0", "5", "500ms", "5s", "2m", "1h"}) {
        CHECK(scene.run({"once", "--stop-timeout", good, "true"}).ending == exited(0));
        CHECK(scene.run({"once", std::string("-w") + good, "true"}).ending == exited(0));
    }
}

TEST_CASE("a stop signal is one that can end a process", "[command-line][bad]") {
    check_values("stop-signal",
                 {"", "0", "65", "-15", "NOSUCH", "SIG", "term", "CHLD", "17", "STOP"},
                 "it can be HUP, INT, QUIT");
    Scenario scene;
    for (const char* good : {"TERM", "SIGINT", "2", "KILL", "USR1"}) {
        CHECK(scene.run({"once", "--stop-signal", good, "true"}).ending == exited(0));
    }
}

TEST_CASE("the options --group, --color and -E name what they take", "[command-line][bad]") {
    check_values("group", {"", "none", "Own", "own "}, "auto, own or shared");
    check_values("color", {"", "yes", "Always"}, "auto, always or never");
    check_values("conflict-exit-code", {"", "-1", "256", "x", "75x"}, "a number from 0 to 255");
}

TEST_CASE("the options --chdir and --pid-file need a path", "[command-line][bad]") {
    check_values("chdir", {""}, "it needs a folder");
    check_values("pid-file", {""}, "it needs a file");
}

TEST_CASE("a folder that cannot be entered is named", "[command-line][bad]") {
    Scenario scene;
    scene.write_file("file", "");
    check_refused(scene, with_options({"-C", "nowhere"}, touch), "'nowhere'");
    check_refused(scene, with_options({"-C", "file"}, touch), "'file'");
}

TEST_CASE("a pid file that cannot be written is named, and nothing is replaced for it",
          "[command-line][bad]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    std::filesystem::create_directory(scene.folder() / "folder");
    for (const char* path : {"nowhere/pid", "folder"}) {
        const auto refused = scene.run({"once", "-n", "x", "--pid-file", path, "--", "true"});
        CHECK(refused.ending == exited(125));
        CHECK_THAT(refused.stderr_text, has("'" + std::string(path) + "'"));
    }
    CHECK(alive(holder.leader));
}

TEST_CASE("an unknown option is named with the nearest one that exists", "[command-line][bad]") {
    Scenario scene;
    const auto unknown = [&](const char* option, const std::string& words) {
        check_refused(scene, {"once", option, "touch", "done"}, words);
    };
    unknown("--prot", "unknown option '--prot'; did you mean '--port'?");
    unknown("--prot=8001", "unknown option '--prot'; did you mean '--port'?");
    unknown("--refus", "did you mean '--refuse'?");
    unknown("--Replace", "did you mean '--replace'?");
    unknown("--stop-time", "did you mean '--stop-timeout'?");
    unknown("--verbos", "did you mean '--verbose'?");
    unknown("--p", "unknown option '--p'");
    unknown("--qqqqqqqqqqqqqqqqqqq", "unknown option '--qqqqqqqqqqqqqqqqqqq'; see once --help");
    unknown("--\x1b[31mred", "unknown option '--?[31mred'");
    unknown("-Z", "unknown option '-Z'");
    unknown("-qZ", "unknown option '-Z'");
    unknown("--json", "--json is not for a launch; it is for once status");
}

TEST_CASE("an option without its value, or with one too many, is named", "[command-line][bad]") {
    Scenario scene;
    for (const char* option : {"--port", "--name", "--stop-signal", "--stop-timeout", "--chdir",
                               "--pid-file", "--group", "--color", "--conflict-exit-code"}) {
        check_refused(scene, {"once", option}, std::string(option) + " needs a value");
    }
    for (const char* option : {"-p", "-n", "-C", "-E"}) {
        check_refused(scene, {"once", option}, "needs a value");
    }
    for (const char* option : {"--refuse", "--replace", "--reuse", "--dry-run", "--quiet",
                               "--verbose", "--with-parent", "--sweep-daemons", "--help"}) {
        check_refused(scene, {"once", std::string(option) + "=yes", "touch", "done"},
                      std::string(option) + " takes no value");
    }
}

TEST_CASE("options that contradict each other are named", "[command-line][bad]") {
    Scenario scene;
    const std::vector<std::string> policies{"--refuse", "--replace", "--reuse", "--wait"};
    for (const std::string& one : policies) {
        for (const std::string& other : policies) {
            if (one == other) continue;
            check_refused(scene, with_options({one, other}, touch),
                          one + " and " + other + " contradict each other");
        }
    }
    check_refused(scene, with_options({"-q", "-v"}, touch), "--quiet and --verbose contradict");
    check_refused(scene, with_options({"-n", "a", "-n", "b"}, touch), "'a' and 'b'");
}

TEST_CASE("an option that is said twice is no contradiction", "[command-line]") {
    Scenario scene;
    const int port = scene.port();
    const auto seen = scene.run({"once", "--refuse", "--refuse", "-n", "a", "-n", "a", "-p", port,
                                 "-p", port, "actor", "print-environment", "ONCE_PORTS"});
    CHECK(seen.ending == exited(0));
    CHECK_THAT(seen.stdout_text, has("ONCE_PORTS=" + std::to_string(port) + "\n"));
}

TEST_CASE("the time after -w stands in the same word, and whoever parts them is told",
          "[command-line][bad]") {
    Scenario scene;
    check_refused(scene, {"once", "-w", "5s", "touch", "done"}, "--wait=5s or -w5s");
    check_refused(scene, {"once", "--wait", "500ms", "touch", "done"}, "-w500ms");
    (void)scene.write_script("bin/5s", "echo ran");
    const auto meant = scene.run(
        {Scenario::once_binary(), "-w", "--", "5s"},
        {.environment = {{"PATH", (scene.folder() / "bin").string() + ":/usr/bin:/bin"}}});
    CHECK(meant.stdout_text == "ran\n");
}

TEST_CASE("without a command there is nothing to do, and the usage says how",
          "[command-line][bad]") {
    Scenario scene;
    const std::string usage = "usage: once [OPTION]... [--] COMMAND [ARG]...";
    for (const Command& line : std::vector<Command>{
             {"once"}, {"once", "--"}, {"once", "-p", scene.port()}, {"once", "-n", "x", "--"}}) {
        check_refused(scene, line, "no command");
        check_refused(scene, line, usage);
    }
}

TEST_CASE("a policy that does not exist in ONCE_POLICY is named", "[command-line][bad]") {
    Scenario scene;
    for (const char* value : {"Refuse", "no", "refuse ", "force"}) {
        check_refused(scene, {"once", "touch", "done"},
                      "ONCE_POLICY is '" + std::string(value) + "'",
                      {.environment = {{"ONCE_POLICY", value}}});
    }
}

TEST_CASE("127 is a command that does not exist, 126 one that cannot be executed",
          "[command-line][bad]") {
    Scenario scene;
    scene.write_file("plain", "echo plain");
    scene.write_file("no-interpreter", "#!/no/such/interpreter\n");
    std::filesystem::permissions(scene.folder() / "no-interpreter",
                                 std::filesystem::perms::owner_all);
    std::filesystem::create_directory(scene.folder() / "folder");
    const auto ending = [&](const char* command) {
        const auto refused = scene.run({"once", "-n", "x", "--", command});
        CHECK_THAT(refused.stderr_text, StartsWith("once: cannot run '" + std::string(command)));
        CHECK(count(refused.stderr_text, "\n") == 1);
        return refused.ending;
    };
    CHECK(ending("no-such-command") == exited(127));
    CHECK(ending("./no-such-file") == exited(127));
    CHECK(ending("plain/below") == exited(127));
    CHECK(ending("") == exited(127));
    CHECK_FALSE(std::filesystem::exists(scene.state_folder()));
    CHECK(ending("./plain") == exited(126));
    CHECK(ending("./folder") == exited(126));
    CHECK(ending("./no-interpreter") == exited(127));
    CHECK(state_files(scene, ".json").empty());
}

TEST_CASE("a typing error in the command replaces nobody", "[command-line][bad]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    scene.write_file("plain", "");
    for (const char* typo : {"no-such-command", "./no-such-file", "./plain"}) {
        (void)scene.run({"once", "-p", scene.port(), "--", typo});
        (void)scene.run({"once", "--prot", scene.port(), "--", "true"});
        (void)scene.run({"once", "-p", scene.port(), "-n", "a b", "--", "true"});
    }
    CHECK(alive(holder.leader));
    CHECK(listening(scene.port()));
    CHECK_FALSE(holder.once.ended());
}

TEST_CASE("arguments of 100 KB go through, and the folder slot tells them apart to the last byte",
          "[command-line]") {
    Scenario scene;
    std::string much(100'000, 'x');
    const auto echo = scene.run({"once", "--", "printf", "%s", much});
    CHECK(echo.ending == exited(0));
    CHECK(echo.stdout_text == much);
    CHECK(echo.stderr_text.empty());
    const auto one = scene.launch({"once", "--", "actor", "lock", "one", scene.port(), much});
    one.wait_for_output("listening");
    const auto refused =
        scene.run({"once", "--refuse", "--", "actor", "lock", "one", scene.port(), much});
    CHECK(refused.ending == exited(75));
    CHECK(refused.stderr_text.size() < 1000);
    much.back() = 'y';
    CHECK(scene.run({"once", "--", "actor", "exit", 4, much}).ending == exited(4));
    const auto other = scene.launch({"once", "--", "actor", "lock", "other", much});
    other.wait_for_output("locked");
    CHECK_FALSE(one.ended());
}

TEST_CASE("bytes that are no UTF-8 go through, and a holder with such a folder is still its own",
          "[command-line]") {
    Scenario scene;
    const std::string odd = "f\xff\xfe\x80o";
    const auto echo = scene.run({"once", "--", "printf", "%s", odd});
    CHECK(echo.stdout_text == odd);
    const auto folder = scene.another_folder(odd);
    const auto holder = hold(scene, {"-n", "x"}, {.folder = folder});
    const auto refused = scene.run({"once", "-n", "x", "--refuse", "--", "true"});
    CHECK(refused.ending == exited(75));
    wait_until_inscribed(scene, holder);
    CHECK(scene.run({"once", "status", "--json"}).ending == exited(0));
    (void)hold(scene, {"-n", "x"}, {.folder = folder});
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("a command that is not there and looks like something else gets a hint", "[errors]") {
    Scenario scene;
    const std::vector<std::pair<const char*, const char*>> cases = {
        {"stauts", "to ask once itself: once status"},
        {"log", "to ask once itself: once logs"},
        {"stpo", "to ask once itself: once stop"},
        {"list", "to ask once itself: once status"},
        {"help", "to ask once itself: once --help"},
        {"version", "to ask once itself: once --version"},
        {"8001", "to claim that port: once -p 8001 -- ..."},
        {"cd", "it is a word of the shell: once ... -- sh -c '...'"},
        {"tool", "it is in node_modules/.bin: once ... -- npx tool"},
    };
    std::filesystem::create_directories(scene.folder() / "node_modules/.bin");
    std::filesystem::copy_file("/bin/true", scene.folder() / "node_modules/.bin/tool");
    for (const auto& [word, hint] : cases) {
        const auto told = scene.run({"once", word});
        CHECK(told.ending == exited(127));
        CHECK_THAT(told.stderr_text, has("there is no such command in PATH\nonce: ") && has(hint));
    }
    const auto other = scene.run({"once", "-p", scene.port(), "--", "foo-that-is-not-there"});
    CHECK(count(other.stderr_text, "to ask once itself") == 0);
}
