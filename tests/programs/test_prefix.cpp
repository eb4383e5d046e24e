// `once` as a prefix in the scripts of a package.json, where people put it.

#include <signal.h>

#include "catch.hpp"
#include "life.hpp"

using namespace once::test;

namespace {

const char* const npm = "npm";
const char* const pnpm = "node_modules/.bin/pnpm";
const Program any = {};

/// Waits for the highest `once` below that process.
pid_t once_below(pid_t top) {
    pid_t found = 0;
    eventually(
        [&] {
            for (const pid_t pid : descendants(top)) {
                const auto words = command_of(pid);
                if (words.empty() || words.front() != "once") continue;
                found = pid;
                return true;
            }
            return false;
        },
        "a once below pid " + std::to_string(top));
    return found;
}

Program nested(const char* manager, const char* script) {
    return {.command = {manager, "run", script}, .needs = {"pnpm", "tsx"}};
}

/// Whether npm runs its scripts by a shell that stays, or by one that becomes the command: then it
/// relays its signals to `once` itself.
void use_shell(Project& project, const char* shell) {
    project.scene().set("npm_config_script_shell", shell);
}

}  // namespace

TEST_CASE("a script with the prefix is replaced and ended through npm and pnpm", "[programs]") {
    if (!can_run({"pnpm", "tsx"})) return;
    const char* const manager = GENERATE(npm, pnpm);
    CAPTURE(manager);
    Project project("node");
    const Running first = project.scene().launch({manager, "run", "dev:once"});
    project.wait_until_ready();
    const Running second = project.scene().launch({manager, "run", "dev:once"});
    (void)first.wait_ending();
    CHECK(count(first.stderr_text(), "replaced by") == 1);
    project.wait_until_ready();
    const pid_t once = once_below(second.pid());
    REQUIRE(kill(once, SIGTERM) == 0);
    (void)second.wait_ending();
    check_nothing_left(project, any);
}

TEST_CASE("npm and pnpm with the prefix give a server one INT at a Ctrl-C, whatever their shell",
          "[programs][terminal]") {
    if (!can_run({"pnpm"})) return;
    const std::string manager = GENERATE(npm, pnpm);
    const char* const script_shell = GENERATE("/bin/sh", "/bin/bash");
    CAPTURE(manager, script_shell);
    Project project("node");
    use_shell(project, script_shell);
    Terminal terminal(project.scene());
    const pid_t shell = terminal.start_shell().pid();
    terminal.type_line(manager + " run start:once");
    project.wait_until_ready();
    terminal.press_ctrl_c();
    terminal.wait_for_prompt();
    // npm may end before its script does.
    eventually([&] { return project.scene().survivors().size() == 1; }, "the shell is alone");
    check_nothing_left(project, any, shell);
    CAPTURE(project.notes());
    CHECK(count(project.notes(), "SIGINT") == 1);
    CHECK(count(project.notes(), "SIGTERM") == 0);
    CHECK(count(project.notes(), "stopped") == 1);
}

TEST_CASE("npm's script shell can be given on its command line", "[programs][terminal]") {
    if (!can_run({"pnpm"})) return;
    const std::string script_shell = GENERATE("sh", "bash");
    Project project("node");
    Terminal terminal(project.scene());
    const pid_t shell = terminal.start_shell().pid();
    terminal.type_line("npm run --script-shell " + script_shell + " start:once");
    project.wait_until_ready();
    terminal.press_ctrl_c();
    terminal.wait_for_prompt();
    eventually([&] { return project.scene().survivors().size() == 1; }, "the shell is alone");
    check_nothing_left(project, any, shell);
    CAPTURE(project.notes());
    CHECK(count(project.notes(), "SIGINT") == 1);
}

TEST_CASE("the prefix in a script below the same prefix runs under the outer lease", "[programs]") {
    if (!can_run({"pnpm", "tsx"})) return;
    const Program program = nested(GENERATE(npm, pnpm), "dev:once");
    CAPTURE(program.command.front());
    Project project("node");
    const Running outer = project.start(program);
    project.wait_until_ready();
    CHECK(once_below(keeper_of(outer.pid())) != 0);
    CHECK(outer.stderr_text().find("replaced") == std::string::npos);

    const Running second = project.scene().launch(project.once(program));
    (void)outer.wait_ending();
    CHECK(count(outer.stderr_text(), "replaced by") == 1);
    project.wait_until_ready();
    second.signal(SIGTERM);
    (void)second.wait_ending();
    check_nothing_left(project, any);
}

TEST_CASE("nested launches leave nothing when any of them is killed", "[programs]") {
    if (!can_run({"pnpm", "tsx"})) return;
    const Program program = nested(npm, "dev:once");
    Project project("node");
    const Running outer = project.start(program, {"--stop-timeout", "1s"});
    SECTION("the outer once") { outer.signal(SIGKILL); }
    SECTION("the outer keeper") { REQUIRE(kill(keeper_of(outer.pid()), SIGKILL) == 0); }
    SECTION("the inner once") { REQUIRE(kill(once_below(leader_of(outer.pid())), SIGKILL) == 0); }
    SECTION("the inner keeper") {
        const pid_t inner = once_below(leader_of(outer.pid()));
        REQUIRE(kill(keeper_of(inner), SIGKILL) == 0);
    }
    eventually([&] { return project.scene().survivors().empty(); }, "all are gone");
    check_nothing_left(project, any);
}

TEST_CASE("a Ctrl-C reaches the server below two nested launches once", "[programs][terminal]") {
    if (!can_run({"pnpm"})) return;
    const char* const script_shell = GENERATE("/bin/sh", "/bin/bash");
    CAPTURE(script_shell);
    Project project("node");
    use_shell(project, script_shell);
    Terminal terminal(project.scene());
    const pid_t shell = terminal.start_shell().pid();
    terminal.type_line(project.once_line(nested(npm, "start:once")));
    project.wait_until_ready();
    terminal.press_ctrl_c();
    terminal.wait_for_prompt();
    check_nothing_left(project, any, shell);
    CAPTURE(project.notes());
    CHECK(count(project.notes(), "SIGINT") == 1);
    CHECK(count(project.notes(), "stopped") == 1);
}

TEST_CASE("an INT from outside reaches the server below two nested launches once", "[programs]") {
    if (!can_run({"pnpm"})) return;
    const char* const script_shell = GENERATE("/bin/sh", "/bin/bash");
    CAPTURE(script_shell);
    Project project("node");
    use_shell(project, script_shell);
    const Running outer = project.start(nested(npm, "start:once"));
    project.wait_until_ready();
    outer.signal(SIGINT);
    (void)outer.wait_ending();
    check_nothing_left(project, any);
    CAPTURE(project.notes());
    CHECK(count(project.notes(), "SIGINT") == 1);
}

TEST_CASE("with --with-parent a script ends when the npm that runs it is killed", "[programs]") {
    if (!can_run({"tsx"})) return;
    Project project("node");
    const int signal = GENERATE(SIGTERM, SIGKILL);
    CAPTURE(signal);
    // The parent of once is npm itself where the shell becomes the command.
    use_shell(project, "/bin/bash");
    const Running manager = project.scene().launch({npm, "run", "dev:with-parent"});
    project.wait_until_ready();
    manager.signal(signal);
    (void)manager.wait_ending();
    eventually([&] { return project.scene().survivors().empty(); }, "all are gone");
    check_nothing_left(project, any);
}
