// Servers that do not listen where they should.

#include <signal.h>

#include "catch.hpp"
#include "life.hpp"

using namespace once::test;

namespace {

const Program any = {};

/// Until then `once` cannot know that the server was there at all.
void wait_until_seen(Project& project) {
    eventually(
        [&] {
            const auto status = project.scene().run({"once", "status", "--json"});
            return count(status.stdout_text, "\"ready_since\"") == 1;
        },
        "once has seen that the server listens");
}

void kill_server(Project& project) {
    wait_until_seen(project);
    for (const pid_t pid : listener_pids(project.port())) REQUIRE(kill(pid, SIGKILL) == 0);
    eventually([&] { return !listening(project.port()); }, "the server is dead");
    const auto status = project.scene().run({"once", "status", project.port()});
    CAPTURE(status.stdout_text);
    CHECK(count(status.stdout_text, " not listening ") == 1);
}

}  // namespace

TEST_CASE("vite that moves to another port is told", "[programs]") {
    if (!can_run({"vite", "/usr/bin/python3"})) return;
    Project project("node");
    const int port = project.port();
    // Bound but not listening, the port cannot be had by vite: it moves on, as it always does.
    const std::string script = "/usr/bin/python3 hold.py " + std::to_string(port) +
                               " | { read bound; exec npm run vite; }";
    const Running once = project.scene().launch({"once", "-p", port, "--", "sh", "-c", script});
    once.wait_for_error(" listens on port ");
    const std::string& words = once.stderr_text();
    CAPTURE(words);
    CHECK(count(words, ", not on " + std::to_string(port)) == 1);
    CHECK_FALSE(listening(port));
    once.signal(SIGTERM);
    (void)once.wait_ending();
    check_nothing_left(project, any);
}

TEST_CASE("a watcher whose server has died is seen, and swept", "[programs]") {
    if (!can_run({"tsx"})) return;
    const Program program = {.command = {"npm", "run", "dev"}, .needs = {"tsx"}};
    // Its watcher waits for a dead server: only the KILL at the end of the stop plan ends it.
    const std::vector<std::string> quickly = {"--stop-timeout", "500ms"};
    Project project("node");
    const Running first = project.start(program, quickly);
    project.wait_until_ready();
    kill_server(project);
    CHECK_FALSE(first.ended());

    const Running second = project.scene().launch(project.once(program, quickly));
    (void)first.wait_ending();
    project.wait_until_ready();
    kill_server(project);
    second.signal(SIGTERM);
    (void)second.wait_ending();
    check_nothing_left(project, any);
}
