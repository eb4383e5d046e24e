// --force at one of the servers that a runner has started side by side: its branch, and nothing
// else.

#include <signal.h>

#include <algorithm>

#include "holding.hpp"
#include "outsider.hpp"

using namespace once::test;

namespace {

/// A runner with an api on our port and a web server on the other one.
void check_branch(const Program& program, const std::string& api) {
    if (!can_run(program.needs)) return;
    Project project(program.project);
    const Running runner = start(project, {program, "", {}});
    eventually([&] { return listening(project.other_port()); }, "the web server listens");
    const auto web = tree_of(listener_pids(project.other_port()).at(0));
    auto above = descendants(runner.pid());
    above.push_back(runner.pid());

    // The highest above the api that is not above the web server too is the api's root.
    const auto is_above = [](pid_t upper, pid_t lower) {
        const auto below = descendants(upper);
        return std::find(below.begin(), below.end(), lower) != below.end();
    };
    const pid_t web_server = web.front().pid;
    pid_t root = listener_pids(project.port()).at(0);
    while (!is_above(parent_of(root), web_server)) root = parent_of(root);
    REQUIRE(is_above(runner.pid(), root));
    const auto branch = tree_of(root);
    REQUIRE(branch.size() >= 4);  // npm, sh, tsx, node
    std::vector<Process> others;
    for (const Process& one : tree_of(runner.pid())) {
        const bool is_api = std::any_of(branch.begin(), branch.end(),
                                        [&](const Process& own) { return own.pid == one.pid; });
        if (!is_api) others.push_back(one);
    }
    check_who(project, root, api);
    const Client client(project);

    const auto stop = project.scene().run({"once", "stop", "--force", project.port()});
    CAPTURE(stop.stderr_text);
    CHECK(stop.ending == exited(0));
    check_gone(branch);
    check_lives(others);
    CHECK_FALSE(listening(project.port()));
    check_no_return(project, {"server.ts"});
    check_lives(others);
    CHECK(listener_pids(project.other_port()) == std::vector<pid_t>{web_server});
    CHECK(count(project.notes(project.other_port()), "SIG") == 0);
    client.check_untouched();
    // run-p, once a task of it has failed, does not end the others.
    (void)kill(web_server, SIGTERM);
    runner.signal(SIGTERM);
    eventually([&] { return project.scene().survivors().empty(); }, "the runner has ended all");
}

}  // namespace

TEST_CASE("concurrently loses the api whose port is forced, and nothing else",
          "[programs][force]") {
    check_branch({.command = {"node_modules/.bin/concurrently", "npm:dev", "npm:two"},
                  .needs = {"concurrently", "tsx"}},
                 "npm run dev");
}

TEST_CASE("run-p loses the api whose port is forced, and nothing else", "[programs][force]") {
    // Without that option it would end the rest itself.
    check_branch({.command = {"node_modules/.bin/run-p", "--continue-on-error", "dev", "two"},
                  .needs = {"npm-run-all2", "tsx"}},
                 "npm run dev");
}
