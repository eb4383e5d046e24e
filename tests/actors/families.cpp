// Actors that leave somebody behind: children, daemons, chains, trees, zombies.

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "actors.hpp"

namespace once::test {

namespace {

enum class Stdio { closed, kept };

/// Double fork and setsid, as daemons do it; says `escaped <pid>` when the daemon stands (and
/// listens, if it is asked to).
void send_out_daemon(const Arguments& words, Stdio stdio) {
    int stands[2];
    if (pipe2(stands, O_CLOEXEC) != 0) _exit(70);
    const pid_t between = fork_or_end();
    if (between == 0) {
        setsid();
        if (fork_or_end() != 0) _exit(0);
        listen_if_asked(words, 0);
        if (stdio == Stdio::closed) {
            const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
            for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nothing, fd);
        }
        const pid_t self = getpid();
        (void)!write(stands[1], &self, sizeof self);
        close(stands[1]);
        wait_for_ever();
    }
    close(stands[1]);
    while (waitpid(between, nullptr, 0) < 0) continue;  // its parent is gone before we speak
    pid_t daemon = 0;
    if (read(stands[0], &daemon, sizeof daemon) != sizeof daemon) _exit(70);
    close(stands[0]);
    say("escaped " + std::to_string(daemon));
}

/// Every process of the tree tells by a byte that it stands. Some children get a group of their
/// own, some a session, most stay: a walk has to find all of them.
void grow(int descendants, int telling) {
    for (int branch = 0; descendants > 0; ++branch) {
        const int share = std::max(1, descendants / 3);
        if (fork_or_end() == 0) {
            if (branch % 4 == 1) setpgid(0, 0);
            if (branch % 4 == 3) setsid();
            (void)!write(telling, "x", 1);
            grow(share - 1, telling);
            wait_for_ever();
        }
        descendants -= share;
    }
}

}  // namespace

int fork_and_leave(const Arguments& words) {
    announce();
    int stands[2];
    if (pipe2(stands, O_CLOEXEC) != 0) return 70;
    const pid_t child = fork_or_end();
    if (child == 0) {
        listen_if_asked(words, 0);
        close(stands[0]);
        close(stands[1]);
        wait_for_ever();
    }
    close(stands[1]);
    char byte = 0;
    (void)!read(stands[0], &byte, 1);  // until the child has closed it: it stands now
    say("left " + std::to_string(child));
    return 0;
}

int escape_session(const Arguments& words) {
    announce();
    send_out_daemon(words, Stdio::closed);
    wait_for_ever();
}

int escape_session_and_exit(const Arguments& words) {
    announce();
    send_out_daemon(words, Stdio::closed);
    return 0;
}

int escape_keeping_stdio(const Arguments& words) {
    announce();
    send_out_daemon(words, Stdio::kept);
    wait_for_ever();
}

int escape_keeping_stdio_and_exit(const Arguments& words) {
    announce();
    send_out_daemon(words, Stdio::kept);
    return 0;
}

int fork_chain(const Arguments& words) {
    int left = number(needed(words, 0, "N"));
    announce();
    while (left-- > 0) {
        if (fork_or_end() != 0) _exit(0);
    }
    say("last " + std::to_string(getpid()));
    wait_for_ever();
}

/// Each page is written to, so that it is there.
int fill_memory(const Arguments& words) {
    const int size = number(needed(words, 0, "MEGABYTES"));
    announce();
    const std::vector<char> memory(static_cast<std::size_t>(size) << 20U, 'x');
    say("filled " + std::to_string(memory.size()));
    wait_for_ever();
}

int grow_tree(const Arguments& words) {
    const int descendants = number(needed(words, 0, "N"));
    announce();
    int telling[2];
    if (pipe2(telling, O_CLOEXEC) != 0) return 70;
    grow(descendants, telling[1]);
    for (int standing = 0; standing < descendants;) {
        char bytes[256];
        const ssize_t some = read(telling[0], bytes, sizeof bytes);
        if (some > 0) standing += static_cast<int>(some);
    }
    say("tree " + std::to_string(descendants));
    wait_for_ever();
}

int keep_zombie(const Arguments&) {
    announce();
    const pid_t child = fork_or_end();
    if (child == 0) _exit(0);
    siginfo_t ending{};
    while (waitid(P_PID, static_cast<id_t>(child), &ending, WEXITED | WNOWAIT) != 0) continue;
    say("zombie " + std::to_string(child));
    wait_for_ever();
}

}  // namespace once::test
