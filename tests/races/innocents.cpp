#include "innocents.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "catch.hpp"
#include "isolation.hpp"
#include "surroundings.hpp"

namespace once::test {
namespace {

constexpr const char* setting = "/proc/sys/kernel/pid_max";

// What it exits with: 0, or the number of the first signal that it got.
[[noreturn]] void be_innocent(int leash) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    char byte = 0;
    while (read(leash, &byte, 1) < 0 && errno == EINTR) continue;
    sigset_t pending;
    sigemptyset(&pending);
    (void)sigpending(&pending);
    for (int signal = 1; signal < NSIG; ++signal) {
        if (sigismember(&pending, signal) == 1) _exit(signal);
    }
    _exit(0);
}

/// Blocks all for a child to inherit; the parent's mask comes back with it.
class AllBlocked {
public:
    AllBlocked() {
        sigset_t all;
        sigfillset(&all);
        (void)sigprocmask(SIG_SETMASK, &all, &before_);
    }
    ~AllBlocked() { (void)sigprocmask(SIG_SETMASK, &before_, nullptr); }
    AllBlocked(const AllBlocked&) = delete;
    AllBlocked& operator=(const AllBlocked&) = delete;

private:
    sigset_t before_{};
};

/// The signal that it got, 0 for none, -1 if there is no telling.
int let_go(pid_t pid, int leash) {
    const bool is_told = write(leash, "x", 1) == 1;
    close(leash);
    int status = 0;
    if (!is_told || waitpid(pid, &status, WUNTRACED) != pid) return -1;
    if (WIFSTOPPED(status)) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
        return SIGSTOP;
    }
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

struct Held {
    pid_t pid = 0;
    int leash = -1;
};

/// Of a fork of the tests, which is made again and again.
Held make_one() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
    const pid_t pid = fork();
    if (pid == 0) be_innocent(ends[0]);
    close(ends[0]);
    if (pid < 0) close(ends[1]);
    return pid < 0 ? Held{} : Held{pid, ends[1]};
}

bool kernel_has_pid_max_per_namespace() {
    utsname names{};
    int major = 0;
    int minor = 0;
    if (uname(&names) != 0 || std::sscanf(names.release, "%d.%d", &major, &minor) != 2)
        return false;
    return major > 6 || (major == 6 && minor >= 14);
}

bool write_setting(const std::string& value) {
    std::ofstream file(setting);
    return static_cast<bool>(file << value << std::flush);
}

/// Whether a namespace below ours can have its own without changing ours.
bool is_own_setting() {
    const std::string before = whole_file(setting);
    const pid_t outer = fork();
    if (outer == 0) {
        if (unshare(CLONE_NEWPID) != 0) _exit(1);
        const pid_t inner = fork();
        if (inner == 0) _exit(write_setting("400") ? 0 : 1);
        int status = 0;
        _exit(waitpid(inner, &status, 0) == inner && status == 0 ? 0 : 1);
    }
    int status = 0;
    const bool could = waitpid(outer, &status, 0) == outer && status == 0;
    const bool is_ours_the_same = whole_file(setting) == before;
    if (!is_ours_the_same) (void)write_setting(before);
    return could && is_ours_the_same;
}

}  // namespace

std::optional<Innocent> Innocent::born_as(pid_t pid) {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    clone_args wish{};
    wish.exit_signal = SIGCHLD;
    wish.set_tid = reinterpret_cast<std::uintptr_t>(&pid);
    wish.set_tid_size = 1;
    const AllBlocked blocked;
    const long born = syscall(SYS_clone3, &wish, sizeof wish);
    if (born == 0) be_innocent(ends[0]);
    close(ends[0]);
    if (born == pid) return Innocent(pid, ends[1]);
    close(ends[1]);
    return std::nullopt;
}

Innocent::~Innocent() {
    if (pid_ != 0) (void)let_go();
}

std::string Innocent::let_go() {
    const pid_t pid = std::exchange(pid_, 0);
    const int signal = test::let_go(pid, leash_);
    if (signal == 0) return {};
    return std::to_string(pid) + " got " + (signal > 0 ? strsignal(signal) : "lost");
}

struct Churn::Book {
    std::atomic<bool> is_over{false};
    std::atomic<long> forks{0};
    std::atomic<long> rounds{0};
    std::atomic<int> victims{0};
    std::atomic<int> last_victim{0};
    std::atomic<int> last_signal{0};
};

Churn::Churn(int kept) {
    void* shared =
        mmap(nullptr, sizeof(Book), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(shared != MAP_FAILED);
    book_ = new (shared) Book;
    const AllBlocked blocked;
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ != 0) return;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::vector<Held> all(static_cast<std::size_t>(kept));
    pid_t last = 0;
    for (std::size_t turn = 0; !book_->is_over; turn = (turn + 1) % all.size()) {
        auto& held = all[turn];
        const int signal = held.pid != 0 ? test::let_go(held.pid, held.leash) : 0;
        if (signal != 0) {
            ++book_->victims;
            book_->last_victim = held.pid;
            book_->last_signal = signal;
        }
        held = make_one();
        if (held.pid == 0) continue;  // no pid was free
        ++book_->forks;
        if (held.pid < last) ++book_->rounds;
        last = held.pid;
    }
    for (const auto& held : all) {
        if (held.pid != 0 && test::let_go(held.pid, held.leash) != 0) ++book_->victims;
    }
    _exit(0);
}

Churn::~Churn() {
    book_->is_over = true;
    (void)waitpid(pid_, nullptr, 0);
    (void)munmap(book_, sizeof(Book));
}

long Churn::forks() const { return book_->forks; }
long Churn::rounds() const { return book_->rounds; }

std::string Churn::victims() const {
    if (book_->victims == 0) return {};
    return std::to_string(book_->victims) + " innocents; the last was pid " +
           std::to_string(book_->last_victim) + ", which got signal " +
           std::to_string(book_->last_signal);
}

std::string FewPids::why_not() {
    if (!isolated()) return "the tests have no pid namespace of their own";
    if (!kernel_has_pid_max_per_namespace()) return "pid_max is the whole machine's on this kernel";
    if (!is_own_setting()) return "pid_max is not this namespace's own, or cannot be written";
    return {};
}

FewPids::FewPids(int most) : before_(whole_file(setting)) {
    REQUIRE(write_setting(std::to_string(most)));
    // The kernel counts on from 300 when it comes round: nobody below that is met again.
    for (pid_t pid = 0; pid <= 300;) {
        pid = fork();
        REQUIRE(pid >= 0);
        if (pid == 0) _exit(0);
        REQUIRE(waitpid(pid, nullptr, 0) == pid);
    }
}

FewPids::~FewPids() { (void)write_setting(before_); }

}  // namespace once::test
