// What a person types reaches the programs, and suspends nobody.

#include <algorithm>

#include "catch.hpp"
#include "life.hpp"

using namespace once::test;

namespace {

const Program vite = {.command = {"npm", "run", "vite"}, .needs = {"vite"}};
const Program nodemon = {.command = {"npm", "run", "nodemon"}, .needs = {"nodemon"}};
const Program run_p = {
    .command = {"npm", "run", "run-p"}, .needs = {"npm-run-all2"}, .ends_early = true};

bool anybody_stopped(pid_t shell) {
    const auto all = descendants(shell);
    return std::any_of(all.begin(), all.end(), [](pid_t pid) { return process_state(pid) == 'T'; });
}

}  // namespace

TEST_CASE("vite answers 'h' with its shortcuts, and ends at 'q'", "[programs][terminal]") {
    if (!can_run(vite.needs)) return;
    Project project("node");
    Terminal terminal(project.scene());
    const pid_t shell = terminal.start_shell().pid();
    terminal.type_line(project.once_line(vite));
    terminal.wait_for("show help");
    terminal.type_line("h");
    terminal.wait_for("restart the server");
    CHECK_FALSE(anybody_stopped(shell));
    terminal.type_line("q");
    terminal.wait_for_prompt();
    check_nothing_left(project, vite, shell);
}

TEST_CASE("nodemon restarts its server at 'rs'", "[programs][terminal]") {
    if (!can_run(nodemon.needs)) return;
    Project project("node");
    Terminal terminal(project.scene());
    const pid_t shell = terminal.start_shell().pid();
    terminal.type_line(project.once_line(nodemon));
    project.wait_until_ready();
    terminal.type_line("rs");
    eventually([&] { return count(project.notes(), "serving ") == 2; }, "a second server");
    project.wait_until_ready();
    CHECK_FALSE(anybody_stopped(shell));
    terminal.press_ctrl_c();
    terminal.wait_for_prompt();
    check_nothing_left(project, nodemon, shell);
}

TEST_CASE("two servers of run-p read from one terminal and neither is suspended",
          "[programs][terminal]") {
    if (!can_run(run_p.needs)) return;
    Project project("node");
    project.scene().set("READS_INPUT", "1");
    Terminal terminal(project.scene());
    const pid_t shell = terminal.start_shell().pid();
    terminal.type_line(project.once_line(run_p));
    project.wait_until_ready();
    eventually([&] { return listening(project.other_port()); }, "the second server listens");
    const auto both = [&] { return project.notes() + project.notes(project.other_port()); };
    for (const char* word : {"hello", "world", "again"}) {
        terminal.type_line(word);
        eventually([&] { return count(both(), std::string("read ") + word) == 1; },
                   "one of the servers has read it");
        CHECK_FALSE(anybody_stopped(shell));
    }
    terminal.press_ctrl_c();
    terminal.wait_for_prompt();
    check_nothing_left(project, run_p, shell);
}
