#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catch.hpp"
#include "child.hpp"
#include "job/keeper.hpp"
#include "os/executable.hpp"
#include "os/job.hpp"
#include "os/state_folder.hpp"
#include "processes.hpp"
#include "waiting.hpp"

using namespace once::test;
namespace os = once::os;
namespace job = once::job;
using once::Ending;
using Kind = os::Report::Kind;

namespace {

// A launch makes a process the reaper of orphans: each of these stories has a process of its own.
void check_story(const Child::Story& story) { CHECK(Child(story).reap() == Ending::exited(0)); }

os::Command command(std::vector<std::string> argv) {
    os::Command command;
    command.executable = os::find_executable(argv.front(), "/");
    command.argv = std::move(argv);
    command.environment = os::environment();
    command.folder = "/";
    return command;
}

os::Job launch(const os::Command& command, std::vector<const os::Handle*> shared = {}) {
    job::KeeperPlan plan;
    plan.daemons.session = os::read_process(getpid())->session;
    auto job =
        os::Job::prepare(command, [plan](os::Custody& custody) { (void)job::keep(custody, plan); });
    job.start(shared, false);
    return job;
}

os::Report await(os::Job& job, Kind kind) {
    while (true) {
        const auto report = job.next_report();
        if (report && report->kind == kind) return *report;
        must(!report || report->kind != Kind::keeper_gone);
        pollfd news{static_cast<int>(job.handle().raw()), POLLIN, 0};
        if (!report) (void)poll(&news, 1, -1);
    }
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string look_failure(const std::string& file) {
    return failure_of([&] { (void)os::find_executable(file, "/"); });
}

std::string launch_failure(const std::string& file) {
    return failure_of([&] { (void)launch(command({file})); });
}

}  // namespace

TEST_CASE("a command that is not found ends with 127, and is named") {
    CHECK(look_failure("no-such-command-here") ==
          "127: cannot run 'no-such-command-here': there is no such command in PATH");
    CHECK(look_failure("/missing/x").starts_with("127: cannot run '/missing/x': No such file"));
    CHECK(look_failure("").starts_with("127: "));
}

TEST_CASE("a command that was found but cannot be executed ends with 126, and is named") {
    const OwnFolder folder;
    put_text(folder.path("plain"), "#!/bin/sh\n");
    const auto said = look_failure(folder.path("plain"));
    CHECK(said == "126: cannot run '" + folder.path("plain") + "': Permission denied");
    CHECK(look_failure(folder.path()).starts_with("126: cannot run '"));
}

TEST_CASE("a script whose interpreter is missing says so") {
    const OwnFolder folder;
    put_text(folder.path("script"), "#!/no/such/interpreter\n");
    REQUIRE(chmod(folder.path("script").c_str(), 0755) == 0);
    check_story([&](Line&) {
        const auto said = launch_failure(folder.path("script"));
        must(said.starts_with("127: cannot run '" + folder.path("script")));
        must(contains(said, "interpreter"));
        return 0;
    });
}

TEST_CASE("a script without a first line is run by sh, as every shell does it") {
    const OwnFolder folder;
    put_text(folder.path("script"), "exit 7\n");
    REQUIRE(chmod(folder.path("script").c_str(), 0755) == 0);
    check_story([&](Line&) {
        auto job = launch(command({folder.path("script")}));
        must(await(job, Kind::swept).ending == Ending::exited(7));
        return 0;
    });
}

TEST_CASE("a folder that cannot be entered is named, and nothing is left running") {
    check_story([](Line&) {
        auto wish = command({"sleep", "600"});
        wish.folder = "/no/such/folder";
        const auto said = failure_of([&] { (void)launch(wish); });
        must(said == "125: cannot enter the folder '/no/such/folder': No such file or directory");
        must(os::read_processes().size() > 0 && job::pids_below(getpid()).empty());
        return 0;
    });
}

TEST_CASE("when nobody is left the leader's ending is told as it was") {
    check_story([](Line&) {
        for (const auto& [script, ending] :
             {std::pair{"exit 0", Ending::exited(0)}, std::pair{"exit 255", Ending::exited(255)},
              std::pair{"kill -KILL $$", Ending::killed(SIGKILL)}}) {
            auto job = launch(command({"sh", "-c", script}));
            must(await(job, Kind::swept).ending == ending);
        }
        return 0;
    });
}

TEST_CASE("the leader's ending is told while those it left behind are being ended") {
    check_story([](Line&) {
        auto job = launch(command({"sh", "-c", "sleep 600 & sleep 601 & exit 3"}));
        must(await(job, Kind::leader_ended).ending == Ending::exited(3));
        must(await(job, Kind::swept).ending == Ending::exited(3));
        for (const int pid : job::pids_below(getpid())) must(pid == job.keeper().pid);
        return 0;
    });
}

TEST_CASE("a stop is carried out by the keeper") {
    check_story([](Line&) {
        auto job = launch(command({"sleep", "600"}));
        job.order({os::Order::Kind::stop, 0, os::Scope::leader});
        must(await(job, Kind::swept).ending == Ending::killed(SIGTERM));
        return 0;
    });
}

TEST_CASE("a kill is for everybody at once") {
    check_story([](Line&) {
        auto job = launch(command({"sh", "-c", "trap '' TERM; sleep 600; sleep 601"}));
        job.order({os::Order::Kind::kill, 0, os::Scope::leader});
        must(await(job, Kind::swept).ending == Ending::killed(SIGKILL));
        return 0;
    });
}

TEST_CASE("a signal is passed on, to the leader or to its group") {
    check_story([](Line&) {
        for (const auto scope : {os::Scope::leader, os::Scope::group}) {
            auto wish = command({"sleep", "600"});
            wish.own_group = true;
            auto job = launch(wish);
            must(os::read_process(job.leader().pid)->group == job.leader().pid);
            job.order({os::Order::Kind::forward, SIGUSR1, scope});
            must(await(job, Kind::swept).ending == Ending::killed(SIGUSR1));
        }
        return 0;
    });
}

TEST_CASE("a job without a group of its own is in ours") {
    check_story([](Line&) {
        auto job = launch(command({"sleep", "600"}));
        must(os::read_process(job.leader().pid)->group == getpgrp());
        must(os::read_process(job.leader().pid)->parent == job.keeper().pid);
        return 0;
    });
}

TEST_CASE("a job that is let go of is ended") {
    check_story([](Line&) {
        os::ProcessId leader;
        {
            const auto job = launch(command({"sleep", "600"}));
            leader = job.leader();
            must(os::is_alive(leader));
        }
        must(!os::is_alive(leader));
        must(job::pids_below(getpid()).empty());
        return 0;
    });
}

TEST_CASE("when the keeper is killed its leader dies, and the rest is ours to end") {
    check_story([](Line&) {
        auto job = launch(command({"sh", "-c", "sleep 600 & sleep 601"}));
        must(kill(job.keeper().pid, SIGKILL) == 0);
        (void)await(job, Kind::keeper_gone);
        auto custody = job.take_over();
        must(custody.is_alone());
        job::KeeperPlan plan;
        plan.daemons.session = os::read_process(getpid())->session;
        (void)job::keep(custody, plan);
        must(custody.leader_ending() == Ending::killed(SIGKILL));
        must(custody.is_childless());
        must(job::pids_below(getpid()).empty());
        return 0;
    });
}

TEST_CASE("when once is killed the keeper ends the job, and keeps the lock until then") {
    const OwnFolder folder;
    const auto state = os::StateFolder::make(folder.path("once"), "boot");
    Child once([&](Line& parent) {
        const auto lock = state.try_lock("slot.lock");
        must(lock.has_value());
        const auto job = launch(command({"sleep", "600"}), {&lock->handle()});
        parent.tell(job.leader().pid);
        return parent.listen();
    });
    const int leader = once.line().listen();
    REQUIRE(leader > 0);
    CHECK_FALSE(state.try_lock("slot.lock"));
    once.signal(SIGKILL);
    eventually([&] { return state.try_lock("slot.lock").has_value(); }, "the lock is free");
    CHECK_FALSE(alive(leader));
}
