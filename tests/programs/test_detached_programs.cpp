// Servers in the background: started from a script, seen in their log, ended however it comes.

#include <signal.h>

#include "catch.hpp"
#include "holding.hpp"
#include "life.hpp"

using namespace once::test;

namespace {

const Program uvicorn = {.command = {"/usr/bin/uvicorn", "asgi:app", "--port", "PORT"},
                         .needs = {"/usr/bin/uvicorn"},
                         .project = "python"};

/// The process of a detached launch by that name: `once`, or `job-keeper`.
pid_t find(Project& project, const std::string& name) {
    for (const Process& one : project.scene().survivors()) {
        if (one.name == name) return one.pid;
    }
    return 0;
}

void start_detached(Project& project, const Program& program) {
    const auto caller =
        project.scene().run(project.once(program, {"--detach", "--ready", "--stop-timeout", "1s"}));
    CAPTURE(caller.stderr_text);
    REQUIRE(caller.ending == exited(0));
    CHECK(listening(project.port()));
    project.wait_until_ready();
}

void check_log_has(Project& project, const std::string& text) {
    eventually(
        [&] {
            const auto logs =
                project.scene().run({"once", "logs", "--lines", "all", project.port()});
            return count(logs.stdout_text, text) > 0;
        },
        "the log has " + text);
}

void check_all_gone(Project& project, const Program& program) {
    eventually([&] { return project.scene().survivors().empty(); }, "all are gone");
    check_nothing_left(project, program);
}

void check_detached(const Program& program) {
    if (!can_run(program.needs)) return;
    Project project(program.project);
    start_detached(project, program);
    const auto once = find(project, "once");
    const auto keeper = find(project, "job-keeper");
    REQUIRE(once > 0);
    REQUIRE(keeper > 0);
    check_log_has(project, "Local:");
    SECTION("once stop ends it") {
        CHECK(project.scene().run({"once", "stop", project.port()}).ending == exited(0));
        check_nothing_left(project, program);
    }
    SECTION("nothing is left when its once is killed") {
        REQUIRE(kill(once, SIGKILL) == 0);
        check_all_gone(project, program);
    }
    SECTION("nothing is left when its keeper is killed") {
        REQUIRE(kill(keeper, SIGKILL) == 0);
        check_all_gone(project, program);
        check_log_has(project, "once: the keeper of ");
    }
    // Its banner outlives it.
    check_log_has(project, "Local:");
}

}  // namespace

TEST_CASE("a detached npm run with vite has a log, and is wholly ended", "[programs][detach]") {
    check_detached({.command = {"npm", "run", "vite"}, .needs = {"vite"}});
}
TEST_CASE("a detached pnpm with vite has a log, and is wholly ended", "[programs][detach]") {
    check_detached({.command = {"node_modules/.bin/pnpm", "vite"}, .needs = {"pnpm", "vite"}});
}

TEST_CASE("a detached uvicorn is restarted under the same once", "[programs][detach][restart]") {
    if (!can_run(uvicorn.needs)) return;
    Project project(uvicorn.project);
    start_detached(project, uvicorn);
    const auto once = find(project, "once");
    const auto before = listener_pids(project.port());

    const auto restart = project.scene().run({"once", "restart", project.port()});
    CAPTURE(restart.stderr_text);
    CHECK(restart.ending == exited(0));
    CHECK(listening(project.port()));
    CHECK(listener_pids(project.port()) != before);
    CHECK(find(project, "once") == once);
    project.wait_until_ready();
    const auto status = project.scene().run({"once", "status", "--json", project.port()});
    CHECK(json_value(status.stdout_text, "restarts") == "1");
    check_log_has(project, "as 'once restart' asks");
    CHECK(project.scene().run({"once", "stop", project.port()}).ending == exited(0));
    check_nothing_left(project, uvicorn);
}

TEST_CASE("a detached uvicorn that fails is told with its status and the end of its log",
          "[programs][detach]") {
    if (!can_run(uvicorn.needs)) return;
    Project project(uvicorn.project);
    Program wrong = uvicorn;
    wrong.command[1] = "missing:app";
    const auto caller = project.scene().run(project.once(wrong, {"--detach", "--ready"}));
    CHECK(caller.ending == exited(1));
    CHECK_THAT(caller.stderr_text, has("Could not import module \"missing\""));
    CHECK_THAT(caller.stderr_text, has(" exited with 1 before it was ready\n"));
    check_nothing_left(project, wrong);
}
