#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "catch.hpp"
#include "child.hpp"
#include "os/machine.hpp"
#include "os/process.hpp"
#include "waiting.hpp"

using namespace once::test;
namespace os = once::os;

namespace {

int until_told(Line& parent) { return parent.listen(); }

bool is_readable(const os::Handle& handle, int patience = 0) {
    pollfd one{static_cast<int>(handle.raw()), POLLIN, 0};
    return poll(&one, 1, patience) == 1;
}

}  // namespace

TEST_CASE("a process is known by its pid and its start time") {
    Child child(until_told);
    const auto id = child.id();
    CHECK(os::is_alive(id));
    CHECK_FALSE(os::is_alive({id.pid, id.started + 1}));
    CHECK_FALSE(os::Process::open({id.pid, id.started + 1}));
    CHECK_FALSE(os::Process::open({id.pid, 0}));
}

TEST_CASE("a pid that was given to another process means the other one") {
    Child first(until_told);
    const auto old = first.id();
    first.signal(SIGKILL);
    (void)first.reap();
    const auto again = [&]() -> std::unique_ptr<Child> {
        put_text("/proc/sys/kernel/ns_last_pid", std::to_string(old.pid - 1));
        auto child = std::make_unique<Child>(until_told);
        return child->pid() == old.pid && child->id() != old ? std::move(child) : nullptr;
    };
    if (again() == nullptr && geteuid() != 0) return;  // nobody may choose pids here
    std::unique_ptr<Child> second;
    // The kernel counts start times in hundredths of a second: within the first it is the same.
    eventually([&] { return (second = again()) != nullptr; }, "the pid is used again");
    CHECK_FALSE(os::is_alive(old));
    CHECK_FALSE(os::Process::open(old));
    CHECK(os::is_alive(second->id()));
}

TEST_CASE("there is no process 0, and none below") {
    for (const int pid : {0, -1, -42}) {
        CHECK_FALSE(os::read_process(pid));
        CHECK_FALSE(os::Process::open({pid, 0}));
        CHECK_FALSE(os::is_alive({pid, 0}));
    }
}

TEST_CASE("a zombie is not alive") {
    Child child([](Line&) { return 0; });
    child.wait_for_end();
    const auto facts = os::read_process(child.pid());
    REQUIRE(facts);
    CHECK(facts->is_zombie());
    CHECK_FALSE(os::is_alive(facts->id));
}

TEST_CASE("the facts of a process are its own") {
    Child child([](Line& parent) {
        (void)setsid();
        parent.tell();
        return parent.listen();
    });
    (void)child.line().listen();
    const auto facts = os::read_process(child.pid());
    REQUIRE(facts);
    CHECK(facts->id.pid == child.pid());
    CHECK(facts->parent == getpid());
    CHECK(facts->session == child.pid());
    CHECK(facts->group == child.pid());
    CHECK_FALSE(facts->is_stopped());
    CHECK(os::own_id().pid == getpid());
    CHECK(os::parent_pid() == getppid());
    CHECK(os::owner_of(child.pid()) == geteuid());
    CHECK(os::folder_of(child.pid()) == std::filesystem::current_path());
    CHECK(os::age_of(facts->id) < std::chrono::minutes(1));
}

TEST_CASE("a process that calls itself `a) R 1 (b` does not confuse us") {
    Child child([](Line& parent) {
        (void)prctl(PR_SET_NAME, "a) R 1 (b\n");
        parent.tell();
        return parent.listen();
    });
    (void)child.line().listen();
    const auto facts = os::read_process(child.pid());
    REQUIRE(facts);
    CHECK(facts->name == "a) R 1 (b\n");
    CHECK(facts->parent == getpid());
    const auto all = os::read_processes();
    CHECK(std::count_if(all.begin(), all.end(),
                        [&](const auto& one) { return one.id == facts->id; }) == 1);
}

TEST_CASE("a stopped process is seen as stopped, and lives") {
    Child child(until_told);
    child.signal(SIGSTOP);
    eventually([&] { return os::read_process(child.pid())->is_stopped(); }, "it stops");
    CHECK(os::is_alive(child.id()));
}

TEST_CASE("a hold on a process signals it, and tells of its end") {
    Child child(until_told);
    const auto hold = os::Process::open(child.id());
    REQUIRE(hold);
    CHECK_FALSE(is_readable(hold->handle()));
    CHECK(hold->signal(0));
    CHECK(hold->signal(SIGTERM));
    CHECK(is_readable(hold->handle(), 20'000));
    CHECK(child.reap() == once::Ending::killed(SIGTERM));
    CHECK_FALSE(hold->signal(SIGTERM));
    CHECK_FALSE(os::Process::open(hold->id()));
}

TEST_CASE("a command line is its words, or the name of who has none") {
    Child program({"sleep", "600"});
    (void)program.line().listen();
    eventually([&] { return os::command_line(program.pid()) == "sleep 600"; }, "it is executed");
    Child ended([](Line&) { return 0; });
    ended.wait_for_end();
    CHECK(os::command_line(ended.pid()) == "[" + os::read_process(ended.pid())->name + "]");
}

TEST_CASE("the environment of a process is the one that it was executed with") {
    Child program({"env", "-i", "ONCE_JOB=a:b", "ONCE_JOBS=c", "EMPTY=", "sleep", "600"});
    (void)program.line().listen();
    eventually([&] { return os::command_line(program.pid()) == "sleep 600"; }, "it is executed");
    CHECK(os::environment_of(program.pid(), "ONCE_JOB") == "a:b");
    CHECK(os::environment_of(program.pid(), "EMPTY") == "");
    CHECK_FALSE(os::environment_of(program.pid(), "ONCE_JO"));
    CHECK_FALSE(os::environment_of(program.pid(), "PATH"));
}

TEST_CASE("of a process that is gone nothing is known") {
    int pid = 0;
    {
        Child child(until_told);
        pid = child.pid();
    }
    CHECK_FALSE(os::read_process(pid));
    CHECK_FALSE(os::owner_of(pid));
    CHECK_FALSE(os::environment_of(pid, "PATH"));
    CHECK(os::folder_of(pid).empty());
    CHECK(os::command_line(pid) == "[?]");
}

TEST_CASE("the machine has a boot id, namespaces and a clock, and each random id is new") {
    CHECK(os::boot_id().size() == 36);
    CHECK(os::boot_id() == os::boot_id());
    CHECK(os::network_namespace() != 0);
    CHECK(os::pid_namespace() != os::network_namespace());
    CHECK(os::user_id() == geteuid());
    CHECK(os::random_id().size() == 16);
    CHECK(os::random_id() != os::random_id());
    const auto before = os::boot_clock();
    CHECK(os::boot_clock() >= before);
    CHECK(os::user_name(0) == "root");
    CHECK(os::user_name(3'999'999'999) == "3999999999");
}
