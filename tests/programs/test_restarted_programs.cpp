// Servers that fail while they run: started again, as far as that helps.

#include <signal.h>

#include "catch.hpp"
#include "holding.hpp"
#include "life.hpp"

using namespace once::test;

namespace {

const Program fragile = {.command = {"node", "fragile.mjs"}, .needs = {"tsx"}};

int runs(Project& project) { return count(project.scene().read_file("runs.log"), "run "); }

std::string status(Project& project) {
    return project.scene().run({"once", "status", "--json", project.port()}).stdout_text;
}

void end(Project& project, const Running& once) {
    once.signal(SIGTERM);
    (void)once.wait_ending();
    check_nothing_left(project, fragile);
}

}  // namespace

TEST_CASE("a server that leaks is ended at --max-memory, and started again with --restart",
          "[programs][restart]") {
    if (!can_run(fragile.needs)) return;
    Project project("node");
    project.scene().set("LEAKS", "1");
    project.scene().set("FAULTS", "1");
    const Running once = project.scene().launch(
        project.once(fragile, {"--max-memory", "300M", "--restart", "on-failure"}));
    once.wait_for_error("more than --max-memory 300M; starting it again in 100 ms\n");
    eventually([&] { return runs(project) == 2 && listening(project.port()); }, "it runs again");
    project.wait_until_ready();
    CHECK(json_value(status(project), "restarts") == "1");
    CHECK_FALSE(once.ended());
    end(project, once);
}

TEST_CASE("a server that leaks is ended at --max-memory for good without --restart, with 69",
          "[programs][restart]") {
    if (!can_run(fragile.needs)) return;
    Project project("node");
    project.scene().set("LEAKS", "1");
    const auto once = project.scene().run(project.once(fragile, {"--max-memory", "300M"}));
    CHECK(once.ending == exited(69));
    CHECK_THAT(once.stderr_text, has("of memory, more than --max-memory 300M\n"));
    CHECK(runs(project) == 1);
    check_nothing_left(project, fragile);
}

TEST_CASE("a server that crashes at once is started again --max-restarts times, then no more",
          "[programs][restart]") {
    if (!can_run(fragile.needs)) return;
    Project project("node");
    project.scene().set("CRASHES_AFTER", "0");
    const auto once = project.scene().run(project.once(
        fragile, {"--restart", "on-failure", "--max-restarts", "2", "--min-uptime", "60s"}));
    CHECK(once.ending == exited(3));
    CHECK(runs(project) == 3);
    CHECK_THAT(once.stderr_text, has("'node fragile.mjs' exited with 3 after "));
    CHECK_THAT(once.stderr_text, has("was started again 2 times and did not stay up for 1 min; "));
    check_nothing_left(project, fragile);
}

TEST_CASE("a server that crashes after --min-uptime is started again any number of times",
          "[programs][restart]") {
    if (!can_run(fragile.needs)) return;
    Project project("node");
    project.scene().set("CRASHES_AFTER", "200");
    const Running once = project.scene().launch(project.once(
        fragile, {"--restart", "on-failure", "--max-restarts", "1", "--min-uptime", "200ms"}));
    eventually([&] { return runs(project) == 4; }, "its fourth run");
    // Each pause is the first of a new row.
    CHECK(count(once.stderr_text(), "starting it again in 100 ms\n") == 3);
    CHECK(count(once.stderr_text(), "once: ") == 3);
    end(project, once);
}
