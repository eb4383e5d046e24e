#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <variant>

#include "catch.hpp"
#include "child.hpp"
#include "job/sweep.hpp"
#include "os/self.hpp"
#include "real_sockets.hpp"

using namespace once::test;
namespace os = once::os;
namespace job = once::job;
using once::Clock;
using once::Ending;
using Measure = job::Sweep::Measure;

namespace {

// Each story is the subreaper of its own job.
void check_story(const std::function<void()>& story) {
    Child keeper([&](Line&) {
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
        story();
        return 0;
    });
    CHECK(keeper.reap() == Ending::exited(0));
}

// A forked process that waits for its end, once `prepare` is done. Not ours to reap by name.
int descendant(const std::function<void()>& prepare = {}) {
    int ends[2];
    must(pipe(ends) == 0);
    const int pid = fork();
    if (pid == 0) {
        if (prepare) prepare();
        (void)!write(ends[1], "x", 1);
        (void)close(ends[0]);
        (void)close(ends[1]);
        while (true) (void)pause();
    }
    (void)close(ends[1]);
    char byte = 0;
    must(read(ends[0], &byte, 1) == 1);  // it is ready
    (void)close(ends[0]);
    return pid;
}

// One whose parent is gone, in a session of its own: what a daemon looks like.
int orphan(const std::function<void()>& prepare = {}) {
    int ends[2];
    must(pipe(ends) == 0);
    const int parent = fork();
    if (parent == 0) {
        const int pid = descendant([&] {
            (void)setsid();
            (void)close(ends[0]);
            (void)close(ends[1]);
            if (prepare) prepare();
        });
        (void)!write(ends[1], &pid, sizeof pid);
        _exit(0);
    }
    int pid = 0;
    must(read(ends[0], &pid, sizeof pid) == sizeof pid);
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)waitpid(parent, nullptr, 0);
    return pid;
}

job::DaemonRule rule_of_ours() { return {true, os::read_process(getpid())->session, {}, {}}; }

os::Custody custody_of(int leader) { return {{leader, 0}, false, false, os::Handle(), {}}; }

bool has(const std::vector<os::ProcessFacts>& all, int pid) {
    return std::any_of(all.begin(), all.end(),
                       [&](const auto& process) { return process.id.pid == pid; });
}

// Sweeps until nobody is left, killing once `asks` rounds of asking are over.
void sweep_all(const job::DaemonRule& rule, int asks) {
    auto custody = custody_of(0);
    os::Events events(os::Catch::everything);
    job::Sweep sweep(
        events, 1, [&] { return job::look_below(getpid(), custody, rule); },
        [&] { return custody.is_childless(); }, {});
    for (int round = 0; !sweep.round(round < asks ? Measure::ask : Measure::kill); ++round) {
        const auto event = events.next(sweep.next_look());
        if (const auto* ready = std::get_if<os::Ready>(&event)) sweep.on_ready(ready->token);
        while (custody.next_change()) {
        }
    }
}

}  // namespace

TEST_CASE("a daemon that is about to close our stdio is not asked to end", "[sweep]") {
    check_story([] {
        const int daemon = orphan([] { (void)signal(SIGTERM, SIG_DFL); });
        const auto facts = *os::read_process(daemon);
        bool has_closed = false;
        os::Events events(os::Catch::everything);
        job::Sweep sweep(events, 2,
                         [&] {
                             job::Offspring found;
                             if (has_closed) {
                                 found.daemons.push_back(facts);
                             } else {
                                 found.job.push_back(facts);
                                 found.doubtful.push_back(facts.id);
                             }
                             return found;
                         },
                         {}, {});
        must(!sweep.round(Measure::ask));
        must(sweep.next_look().has_value());
        has_closed = true;
        must(sweep.round(Measure::ask));
        must(sweep.daemons().size() == 1);
        must(os::is_alive(facts.id));
        must(kill(daemon, 0) == 0 && !os::read_process(daemon)->is_dying());
        (void)kill(daemon, SIGKILL);
        (void)waitpid(daemon, nullptr, 0);
    });
}

TEST_CASE("who keeps our stdio is asked to end after a moment", "[sweep]") {
    check_story([] {
        const auto facts = *os::read_process(orphan([] { (void)signal(SIGTERM, SIG_DFL); }));
        os::Events events(os::Catch::everything);
        const auto look = [&] {
            job::Offspring found;
            if (!os::is_alive(facts.id)) return found;
            found.job.push_back(facts);
            found.doubtful.push_back(facts.id);
            return found;
        };
        job::Sweep sweep(events, 2, look, {}, {});
        while (!sweep.round(Measure::ask)) {
            const auto event = events.next(sweep.next_look());
            if (const auto* ready = std::get_if<os::Ready>(&event)) sweep.on_ready(ready->token);
        }
        int status = 0;
        must(waitpid(facts.id.pid, &status, 0) == facts.id.pid);
        must(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    });
}

TEST_CASE("a walk finds every descendant, escaped, orphaned and forked by them alike") {
    check_story([] {
        const int child = descendant();
        const int lost = orphan([] { (void)descendant(); });
        auto rule = rule_of_ours();
        rule.spare = false;
        const auto custody = custody_of(child);
        const auto found = job::look_below(getpid(), custody, rule);
        must(has(found.job, child) && has(found.job, lost) && found.job.size() == 3);
        must(found.daemons.empty());
        must(job::pids_below(getpid()).size() == 3);
        sweep_all(rule, 1000);
        must(job::pids_below(getpid()).empty());
    });
}

TEST_CASE("children that do not belong to the job are left alone") {
    check_story([] {
        const int other = descendant();
        const int child = descendant();
        const os::Custody custody({child, 0}, false, false, os::Handle(),
                                  {os::read_process(other)->id});
        const auto found = job::look_below(getpid(), custody, rule_of_ours());
        must(has(found.job, child) && !has(found.job, other));
        (void)kill(other, SIGKILL);
        (void)kill(child, SIGKILL);
    });
}

TEST_CASE("a deliberate daemon is spared, with everything below it") {
    check_story([] {
        const int daemon = orphan([] { (void)descendant(); });
        const auto found = job::look_below(getpid(), custody_of(0), rule_of_ours());
        must(found.job.empty());
        must(found.daemons.size() == 1 && has(found.daemons, daemon));
        sweep_all(rule_of_ours(), 0);
        must(os::read_process(daemon).has_value() && !os::read_process(daemon)->is_zombie());
        auto rule = rule_of_ours();
        rule.spare = false;
        sweep_all(rule, 0);
    });
}

TEST_CASE("who listens on a claimed port, or holds our stdio, is no daemon") {
    check_story([] {
        const auto server = listener("127.0.0.1");
        const int daemon = orphan();
        auto rule = rule_of_ours();
        rule.ports = {port_of(server)};
        must(has(job::look_below(getpid(), custody_of(0), rule).job, daemon));
        rule.ports.clear();
        must(job::look_below(getpid(), custody_of(0), rule).job.empty());
        int ends[2];
        must(pipe(ends) == 0 && dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO);
        const int talker = orphan();
        rule.stdio = os::stdio_files();
        must(has(job::look_below(getpid(), custody_of(0), rule).job, talker));
        rule.spare = false;
        sweep_all(rule, 0);
    });
}

TEST_CASE("who ignores the request is killed, and a stopped one hears it") {
    check_story([] {
        const int deaf = descendant([] { (void)signal(SIGTERM, SIG_IGN); });
        const int stopped = descendant();
        (void)kill(stopped, SIGSTOP);
        auto custody = custody_of(0);
        os::Events events(os::Catch::everything);
        const auto look = [&] { return job::look_below(getpid(), custody, rule_of_ours()); };
        job::Sweep sweep(events, 1, look, {}, {});
        must(!sweep.round(Measure::ask));
        int status = 0;
        must(waitpid(stopped, &status, 0) == stopped && WTERMSIG(status) == SIGTERM);
        must(!sweep.round(Measure::ask));
        must(!sweep.round(Measure::kill));
        must(waitpid(deaf, &status, 0) == deaf && WTERMSIG(status) == SIGKILL);
        must(sweep.round(Measure::kill));
    });
}

TEST_CASE("each process is asked once") {
    check_story([] {
        const int child = descendant([] { (void)signal(SIGTERM, SIG_IGN); });
        auto custody = custody_of(0);
        os::Events events(os::Catch::everything);
        int asked = 0;
        job::Sweep sweep(
            events, 1, [&] { return job::look_below(getpid(), custody, rule_of_ours()); }, {},
            [&](const os::ProcessFacts&) { return ++asked > 0; });
        must(!sweep.round(Measure::ask_deaf));
        must(asked == 1);
        must(!sweep.round(Measure::kill));
        must(waitpid(child, nullptr, 0) == child);
        must(sweep.round(Measure::kill));
        must(!sweep.is_due(Clock::now()));
    });
}

TEST_CASE("a thousand descendants are swept") {
    check_story([] {
        for (int i = 0; i < 1000; ++i) {
            const int pid = fork();
            if (pid == 0) {
                while (true) (void)pause();
            }
            must(pid > 0);
        }
        sweep_all(rule_of_ours(), 0);
        must(job::pids_below(getpid()).empty());
    });
}
