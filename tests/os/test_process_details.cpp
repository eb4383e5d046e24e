// What is read of a process to find out whose job it is, and what it costs.

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <string>

#include "catch.hpp"
#include "child.hpp"
#include "os/linux/check.hpp"
#include "os/machine.hpp"
#include "os/process.hpp"
#include "waiting.hpp"

using namespace once::test;
namespace os = once::os;
using namespace std::chrono_literals;

namespace {

int until_told(Line& parent) { return parent.listen(); }

// What `act` ends in where no descriptor is left. The sanitizers look at each kind of object once,
// with descriptors of their own: that is over before.
std::string failure_without_descriptors(const std::function<void()>& act) {
    (void)failure_of([] { once::fail("cannot read {}: {}", "x", std::string("y")); });
    (void)failure_of([] { once::os::check(-1, "read {}", "x"); });
    rlimit before{};
    (void)getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{0, before.rlim_max};
    (void)setrlimit(RLIMIT_NOFILE, &none);
    auto text = failure_of(act);
    (void)setrlimit(RLIMIT_NOFILE, &before);
    return text;
}

int gone_pid() {
    Child child(until_told);
    return child.pid();
}

std::chrono::milliseconds own_cpu_time() {
    rusage usage{};
    (void)getrusage(RUSAGE_SELF, &usage);
    return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           std::chrono::milliseconds((usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000);
}

}  // namespace

TEST_CASE("arguments are word by word as they were given, empty ones and blanks too") {
    // It stops itself, and has executed nothing else by then.
    const std::vector<std::string> words{"sh", "-c", "kill -STOP $$", "a b", "", "c\n", "\xff", ""};
    Child program(words);
    eventually(
        [&] {
            const auto facts = os::read_process(program.pid());
            return facts && facts->is_stopped();
        },
        "it stops");
    CHECK(os::arguments_of(program.pid()) == words);
}

TEST_CASE("long arguments are cut, and do not make us fail") {
    const std::string book(100'000, 'x');
    Child program({"sh", "-c", "kill -STOP $$", book});
    eventually(
        [&] {
            const auto facts = os::read_process(program.pid());
            return facts && facts->is_stopped();
        },
        "it stops");
    const auto words = os::arguments_of(program.pid());
    REQUIRE(words.size() == 4);
    CHECK(words[2] == "kill -STOP $$");
    CHECK(words[3].size() > 1000);
    CHECK(book.starts_with(words[3]));
}

TEST_CASE("who has ended, or is gone, has no arguments, groups, namespaces or memory") {
    Child ended([](Line&) { return 0; });
    ended.wait_for_end();
    CHECK(os::arguments_of(ended.pid()).empty());
    CHECK(os::memory_of(ended.pid()) == 0);
    const int pid = gone_pid();
    CHECK(os::arguments_of(pid).empty());
    CHECK(os::control_group_of(pid).empty());
    CHECK(os::pid_namespace_of(pid) == 0);
    CHECK(os::memory_of(pid) == 0);
}

TEST_CASE("the control group is as the kernel has it, and a child is in that of its parent") {
    const auto own = text_of("/proc/self/cgroup");
    CHECK(os::control_group_of(getpid()) == own);
    Child child(until_told);
    CHECK(os::control_group_of(child.pid()) == own);
}

TEST_CASE("a child is in the pid namespace of its parent") {
    CHECK(os::pid_namespace_of(getpid()) == os::pid_namespace());
    CHECK(os::pid_namespace_of(getpid()) != 0);
    Child child(until_told);
    CHECK(os::pid_namespace_of(child.pid()) == os::pid_namespace());
}

TEST_CASE("a process in another pid namespace is seen to be in another") {
    constexpr int is_made = 1;
    Child child([](Line& parent) {
        if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
            parent.tell(0);
            return parent.listen();
        }
        const pid_t inner = fork();
        if (inner == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            parent.tell(is_made);
            while (true) (void)pause();
        }
        must(inner > 0);
        siginfo_t info{};
        return waitid(P_PID, static_cast<id_t>(inner), &info, WEXITED);
    });
    if (child.line().listen() != is_made) return;  // nobody may make namespaces here
    const auto children = os::read_children(child.pid());
    REQUIRE(children.size() == 1);
    const auto inner = os::pid_namespace_of(children.front().id.pid);
    CHECK(inner != 0);
    CHECK(inner != os::pid_namespace());
    CHECK(os::pid_namespace_of(child.pid()) == os::pid_namespace());
    CHECK(kill(children.front().id.pid, SIGKILL) == 0);
    child.wait_for_end();
}

TEST_CASE("memory is counted that a process has touched, not what it has reserved") {
    constexpr std::size_t size = 64U << 20U;
    Child child([](Line& parent) {
        auto* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        must(memory != MAP_FAILED);
        parent.tell();
        (void)parent.listen();
        std::memset(memory, 1, size);
        parent.tell();
        return parent.listen();
    });
    (void)child.line().listen();
    const auto before = os::memory_of(child.pid());
    CHECK(before > 0);
    child.line().tell();
    (void)child.line().listen();
    const auto after = os::memory_of(child.pid());
    CHECK(after >= before + size - (1U << 20U));
    CHECK(after <= before + size + (8U << 20U));
}

TEST_CASE("the time that a process has spent is counted, in itself and in the kernel") {
    Child child([](Line& parent) {
        while (own_cpu_time() < 300ms) {
            (void)getppid();
        }
        parent.tell(static_cast<int>(own_cpu_time().count()));
        return parent.listen();
    });
    const std::chrono::milliseconds spent(child.line().listen());
    REQUIRE(spent >= 300ms);
    const auto facts = os::read_process(child.pid());
    REQUIRE(facts);
    // The kernel counts hundredths of a second.
    CHECK(facts->cpu_time >= spent - 40ms);
    CHECK(facts->cpu_time <= spent + 200ms);
    Child idle(until_told);
    CHECK(os::read_process(idle.pid())->cpu_time < 200ms);
}

TEST_CASE("where no descriptor is left, that is said, and not that /proc is not there") {
    Child child([](Line&) {
        const auto self = "/proc/" + std::to_string(getpid()) + "/stat";
        const std::string reason = ": Too many open files";
        must(failure_without_descriptors([] { (void)os::own_facts(); }) ==
             "125: cannot read " + self + reason);
        must(failure_without_descriptors([] { (void)os::boot_id(); }) ==
             "125: cannot read /proc/sys/kernel/random/boot_id" + reason);
        return 0;
    });
    CHECK(child.reap() == once::Ending::exited(0));
}
