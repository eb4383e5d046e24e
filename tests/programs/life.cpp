#include "life.hpp"

#include <signal.h>

#include <algorithm>

#include "catch.hpp"

namespace once::test {

namespace {

/// Everybody in the job, as they are now.
std::vector<Process> members(const Running& once) {
    std::vector<Process> found;
    for (const pid_t pid : descendants(once.pid())) {
        if (const auto one = process(pid)) found.push_back(*one);
    }
    return found;
}

bool is_there(const Process& member) {
    const auto now = process(member.pid);
    return now && now->started == member.started && now->is_alive();
}

bool is_within(const Running& once, pid_t pid) {
    const auto all = descendants(once.pid());
    return std::find(all.begin(), all.end(), pid) != all.end();
}

/// Its job's ending, not a failure or a refusal of its own.
void check_passed_on(const Ending& ending) {
    for (const int own : {69, 75, 125, 126, 127}) CHECK_FALSE(ending == exited(own));
}

bool is_daemon(const Process& process) { return process.session == process.pid; }

void check_end(Project& project, const Program& program, const Running& once) {
    check_passed_on(once.wait_ending());
    check_nothing_left(project, program);
    CHECK(count(once.stderr_text(), "is held by") == 0);
    CHECK(count(once.stderr_text(), "cannot be ended") == 0);
}

/// Only our own server tells what has happened to it: it was asked, not just killed. Which signal a
/// watcher asks with is the watcher's choice.
void check_was_asked(Project& project, const Program& program) {
    if (program.interrupts == 0) return;
    CAPTURE(project.notes());
    CHECK(count(project.notes(), "SIG") >= 1);
}

void replace_and_end(const Program& program) {
    Project project(program.project);
    const Running first = project.start(program);
    project.wait_until_ready();
    const auto replaced = members(first);
    REQUIRE(replaced.size() >= 2);  // the keeper and the leader

    const Running second = project.scene().launch(project.once(program));
    check_passed_on(first.wait_ending());
    CHECK(count(first.stderr_text(), "replaced by") == 1);
    for (const Process& member : replaced) CHECK_FALSE(is_there(member));
    project.wait_until_ready();
    for (const pid_t pid : listener_pids(project.port())) CHECK(is_within(second, pid));
    if (!program.leaves_daemon) {
        for (const Process& left : project.scene().survivors()) {
            CAPTURE(portrait(left));
            CHECK((left.pid == second.pid() || is_within(second, left.pid)));
        }
    }
    CHECK(count(second.stderr_text(), "once: replaced ") == 1);

    second.signal(SIGTERM);
    check_end(project, program, second);
    check_was_asked(project, program);
    CHECK(project.scene().run({"once", "status"}).stdout_text.empty());
}

void end_by(const Program& program, int signal) {
    Project project(program.project);
    const Running once = project.start(program, {"--stop-timeout", "1s"});
    once.signal(signal);
    check_end(project, program, once);
    check_was_asked(project, program);
}

void kill_once(const Program& program) {
    Project project(program.project);
    const Running once = project.start(program, {"--stop-timeout", "1s"});
    const auto job = members(once);
    once.signal(SIGKILL);
    CHECK(once.wait_ending() == killed_by(SIGKILL));
    eventually([&] { return std::none_of(job.begin(), job.end(), is_there); }, "the job is gone");
    check_nothing_left(project, program);
}

void kill_keeper(const Program& program) {
    Project project(program.project);
    const Running once = project.start(program, {"--stop-timeout", "1s"});
    REQUIRE(kill(keeper_of(once.pid()), SIGKILL) == 0);
    check_end(project, program, once);
    CHECK(count(once.stderr_text(), "keeper") == 1);
}

}  // namespace

void check_nothing_left(Project& project, const Program& program, pid_t shell) {
    CHECK(listener_pids(project.port()).empty());
    CHECK_FALSE(listening(project.port()));
    CHECK_FALSE(listening(project.other_port()));
    std::string left;
    for (const Process& one : project.scene().survivors()) {
        if (one.pid == shell || (program.leaves_daemon && is_daemon(one))) continue;
        left += "\n  " + portrait(one);
    }
    CAPTURE(left);
    CHECK(left.empty());
    if (!program.leaves_daemon) return;
    const std::size_t expected = shell == 0 ? 0 : 1;
    eventually([&] { return project.scene().survivors().size() == expected; },
               "its daemon ends by itself");
}

void check_life(const Program& program) {
    if (!can_run(program.needs)) return;
    SECTION("a second launch replaces it, and TERM ends that one") { replace_and_end(program); }
    SECTION("HUP to once ends all of it") { end_by(program, SIGHUP); }
    SECTION("INT to once ends all of it") { end_by(program, SIGINT); }
    SECTION("nothing is left when once is killed") { kill_once(program); }
    SECTION("nothing is left when its keeper is killed") { kill_keeper(program); }
}

void check_ctrl_c(const Program& program) {
    if (!can_run(program.needs)) return;
    Project project(program.project);
    Terminal terminal(project.scene());
    const pid_t shell = terminal.start_shell().pid();
    terminal.type_line(project.once_line(program));
    project.wait_until_ready();
    const auto are_up = [&] {
        return program.greetings == 0 ||
               count(terminal.screen(), program.greeting) >= program.greetings;
    };
    eventually(are_up, "all workers are up");
    terminal.press_ctrl_c();
    if (!program.farewell.empty()) terminal.wait_for(program.farewell);
    terminal.wait_for_prompt();
    check_nothing_left(project, program, shell);
    CHECK(terminal.foreground_group() == shell);
    // Of two servers the other one may be up long before ours, on a busy machine: that is said.
    CHECK(count(terminal.screen(), "once: ") == count(terminal.screen(), "' listens on port "));
    if (program.interrupts == 0) return;
    CAPTURE(project.notes());
    // One more would be ours.
    CHECK(count(project.notes(), "SIGINT") >= 1);
    CHECK(count(project.notes(), "SIGINT") <= program.interrupts);
    CHECK((program.ends_early || count(project.notes(), "SIGTERM") == 0));
    CHECK(count(project.notes(), "stopped") == 1);
}

}  // namespace once::test
