// The small world: clone() into new namespaces; its first process is a plain init that reaps, the
// second runs the tests. When either we or the init end, the kernel ends all that is in it.

#include "isolation.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace once::test {

namespace {

bool is_isolated = false;

/// Empty when all went well, else what could not be done.
using Trouble = std::string;

Trouble trouble(std::string_view what) {
    return "cannot " + std::string(what) + ": " + strerror(errno);
}

bool write_file(const char* path, const std::string& text) {
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    const bool whole = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(file);
    return whole;
}

/// In a user namespace we stay who we are: tests of file ownership mean the same in it.
Trouble keep_identity(uid_t user, gid_t group) {
    const auto itself = [](unsigned id) {
        return std::to_string(id) + " " + std::to_string(id) + " 1";
    };
    if (!write_file("/proc/self/setgroups", "deny")) return trouble("deny setgroups");
    if (!write_file("/proc/self/uid_map", itself(user))) return trouble("map the user");
    if (!write_file("/proc/self/gid_map", itself(group))) return trouble("map the group");
    return {};
}

Trouble mount_fresh_proc() {
    // The root of a chroot need not be a mount; then it is enough that /proc is one.
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 &&
        mount(nullptr, "/proc", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return trouble("make the mounts private");
    }
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
        return trouble("mount a fresh /proc");
    }
    return {};
}

Trouble bring_up_loopback() {
    const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq loopback{};
    strcpy(loopback.ifr_name, "lo");
    bool up = any >= 0 && ioctl(any, SIOCGIFFLAGS, &loopback) == 0;
    loopback.ifr_flags = static_cast<short>(loopback.ifr_flags | IFF_UP);
    up = up && ioctl(any, SIOCSIFFLAGS, &loopback) == 0;
    Trouble why = up ? Trouble() : trouble("bring up loopback");
    if (any >= 0) close(any);
    return why;
}

/// The powers of the namespace's creator were for building it. Tests run as the plain user.
void drop_capabilities() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct none[2] = {};
    (void)syscall(SYS_capset, &header, none);
}

struct World {
    unsigned long namespaces;
    uid_t user;
    gid_t group;
};

Trouble furnish(const World& world) {
    Trouble why;
    if ((world.namespaces & CLONE_NEWUSER) != 0) why = keep_identity(world.user, world.group);
    if (why.empty()) why = mount_fresh_proc();
    if (why.empty() && (world.namespaces & CLONE_NEWNET) != 0) why = bring_up_loopback();
    if ((world.namespaces & CLONE_NEWUSER) != 0) drop_capabilities();
    return why;
}

int exit_status_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

[[noreturn]] void reap_until_ended(pid_t tests) {
    for (;;) {
        int status = 0;
        const pid_t ended = waitpid(-1, &status, 0);
        if (ended == tests) _exit(exit_status_of(status));
        if (ended < 0 && errno != EINTR) _exit(70);
    }
}

/// The first process of the world. Returns only in the process that shall run the tests.
void be_init(const World& world, int report) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const Trouble why = furnish(world);
    const std::string word = why.empty() ? "ready" : why;
    // A write that fails means that our parent ended before PDEATHSIG could tell us.
    const bool told = write(report, word.data(), word.size()) > 0;
    close(report);
    if (!why.empty() || !told) _exit(70);
    const pid_t tests = fork();
    if (tests != 0) reap_until_ended(tests);
    is_isolated = true;
}

struct Attempt {
    std::optional<int> status;  // the world's, if it came to be
    bool inside = false;        // we are its second process
    Trouble why;
};

Attempt attempt(const World& world) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0)
        return {.status = {}, .inside = false, .why = trouble("pipe")};
    // As fork() does it, in new namespaces: unshare() would leave us without a way back if the
    // new world cannot be furnished. There are no threads yet.
    const long init = syscall(SYS_clone, world.namespaces | SIGCHLD, 0, 0, 0, 0);
    if (init == 0) {
        close(report[0]);
        be_init(world, report[1]);
        return {.status = {}, .inside = true, .why = {}};
    }
    const Trouble refused = init < 0 ? trouble("make namespaces") : Trouble();
    close(report[1]);
    char word[256];
    const ssize_t size = init < 0 ? 0 : read(report[0], word, sizeof word);
    close(report[0]);
    if (init < 0) return {.status = {}, .inside = false, .why = refused};
    int status = 0;
    while (waitpid(static_cast<pid_t>(init), &status, 0) < 0 && errno == EINTR) continue;
    const std::string said(word, size > 0 ? static_cast<std::size_t>(size) : 0);
    if (said != "ready") return {.status = {}, .inside = false, .why = said};
    return {.status = exit_status_of(status), .inside = false, .why = {}};
}

bool only_lists(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]).substr(0, 6) == "--list") return true;
    }
    return false;
}

}  // namespace

bool isolated() { return is_isolated; }

std::optional<int> enter_isolation(int argc, char** argv) {
    if (only_lists(argc, argv)) return std::nullopt;
    unsigned long namespaces = CLONE_NEWPID | CLONE_NEWNS;
    if (geteuid() != 0) namespaces |= CLONE_NEWUSER;
    const bool keep_net = getenv("ONCE_E2E_KEEP_NET") != nullptr;
    Trouble why;
    for (const unsigned long network : {static_cast<unsigned long>(CLONE_NEWNET), 0UL}) {
        if (network != 0 && keep_net) continue;
        Attempt tried = attempt({namespaces | network, geteuid(), getegid()});
        if (tried.inside) return std::nullopt;
        if (tried.status) return tried.status;
        why = tried.why;
    }
    (void)fprintf(stderr, "tests run without a pid namespace of their own: %s\n", why.c_str());
    return std::nullopt;
}

}  // namespace once::test
