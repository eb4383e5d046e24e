// What others have named, and what stands in the environment: shown, and never obeyed.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "background.hpp"
#include "holding.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A title for the terminal, a colour, a line of its own, a turned direction, C1 in both ways.
const std::string evil = "\x1b]0;pwned\x07\x1b[31m\nonce: all is well\xe2\x80\xae\xc2\x9b\x9b";

/// Nothing in it that a terminal would obey.
void check_harmless(const std::string& text) {
    INFO(text);
    CHECK_FALSE(text.empty());
    CHECK_THAT(text, !has("\nonce: all is well") && !has("\xe2\x80\xae") && !has("\xc2\x9b"));
    CHECK(std::none_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == '\x7f';
    }));
}

void check_ascii(const std::string& text) {
    CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' || c == '\n'; }));
    CHECK_FALSE(json::parse(text, nullptr, false).is_discarded());
}

/// All that tells of a port's holder.
void check_all_harmless(Scenario& scene) {
    check_harmless(scene.run({"once", "who", scene.port()}).stdout_text);
    check_ascii(scene.run({"once", "who", "--json", scene.port()}).stdout_text);
    check_ascii(scene.run({"once", "status", "--json"}).stdout_text);
    for (const char* how : {"--refuse", "--dry-run"}) {
        check_harmless(scene.run({"once", how, "-p", scene.port(), "--", "true"}).stderr_text);
    }
}

}  // namespace

TEST_CASE("a stranger's name, folder and command cannot write on a terminal", "[hostile]") {
    Scenario scene;
    const auto folder = scene.folder() / evil;
    fs::create_directory(folder);
    const auto program = folder / "\x1b[31mred\n";
    fs::copy_file(Scenario::actor_binary(), program);
    const auto stranger =
        scene.launch({program, "listen", scene.port(), "127.0.0.1", evil}, {.folder = folder});
    stranger.wait_for_output("listening");
    check_all_harmless(scene);
}

TEST_CASE("a job's folder and command cannot write on a terminal either", "[hostile]") {
    Scenario scene;
    const auto folder = scene.folder() / evil;
    fs::create_directory(folder);
    const auto once = scene.launch(
        {"once", "-p", scene.port(), "--", "actor", "listen", scene.port(), "127.0.0.1", evil},
        {.folder = folder});
    wait_until_state(scene, scene.port(), "ready");
    check_all_harmless(scene);
    check_harmless(scene.run({"once", "status"}).stdout_text);
    check_harmless(scene.run({"once", "status", "-v"}).stdout_text);
    check_harmless(scene.run({"once", "stop", "--dry-run", scene.port()}).stderr_text);
}

TEST_CASE("what a refusal repeats of a command line cannot write on a terminal", "[hostile]") {
    Scenario scene;
    const auto folder = scene.folder() / evil;
    for (const Command& options :
         {Command{"-C", folder}, Command{"--pid-file", folder / "x"}, Command{"--" + evil},
          Command{"-n", evil}, Command{"-d", "--log", folder / "x"},
          Command{"--wait-for", "file:" + evil, "--wait-timeout=0"}}) {
        const auto refused = scene.run(with_options(options, {"true"}));
        CHECK(refused.ending != exited(0));
        check_harmless(refused.stderr_text);
    }
    check_harmless(scene.run({"once", "-n", "x", "--", evil}).stderr_text);
    check_harmless(scene
                       .run({"once", "-n", "x", "--", "true"},
                            {.environment = {{"ONCE_STATE_DIR", "/proc/" + evil}}})
                       .stderr_text);
    check_harmless(
        scene.run({"once", "-n", "x", "--", "true"}, {.environment = {{"ONCE_POLICY", evil}}})
            .stderr_text);
}

TEST_CASE("a command line as long as the system takes it is run, and told in short", "[hostile]") {
    Scenario scene;
    Command words{"actor", "listen", scene.port(), "127.0.0.1"};
    for (int i = 0; i < 15; ++i) words.emplace_back(std::string(100'000, '\xff'));
    const auto once = scene.launch(with_options({"-p", scene.port()}, words));
    wait_until_state(scene, scene.port(), "ready");
    check_all_harmless(scene);
    CHECK(scene.read_file(state_file(scene, ".json")).size() < 16'384);
    CHECK(scene.run({"once", "--refuse", "-p", scene.port(), "--", "true"}).stderr_text.size() <
          1024);
    stop(scene, scene.port());
    (void)once.wait_ending();

    const auto stranger = scene.launch(words);
    stranger.wait_for_output("listening");
    const auto refused = scene.run({"once", "-p", scene.port(), "--", "true"});
    CHECK(refused.ending == exited(75));
    CHECK(refused.stderr_text.size() < 2048);
}

TEST_CASE("whatever stands in the environment, a job runs, and its record can be read",
          "[hostile]") {
    Scenario scene;
    const std::string huge(120'000, 'x');
    const std::vector<std::pair<std::string, std::string>> variables{
        {"name", huge}, {"ONCE_JOB", huge},   {"ONCE_JOB", evil}, {"HOME", evil},
        {"PORT", huge}, {"ONCE_PORTS", evil}, {"TERM", evil},     {"XDG_STATE_HOME", evil}};
    for (const auto& [name, value] : variables) {
        INFO(name);
        const auto holder =
            hold(scene, {"-n", "x"}, {.environment = {{"pm_id", "0"}, {name, value}}});
        wait_until_inscribed(scene, holder);
        CHECK(scene.read_file(state_file(scene, ".json")).size() < 16'384);
        const auto refused = scene.run({"once", "--refuse", "-n", "x", "--", "true"});
        CHECK(refused.ending == exited(75));
        CHECK_THAT(refused.stderr_text, has("held by 'actor lock"));
        stop(scene, "x");
        (void)holder.once.wait_ending();
    }
}
