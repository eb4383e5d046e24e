// A thousand descendants, three generations deep, that do nothing and end at a TERM.
//
//   tree FILE       writes its pid to FILE when all are there, and waits: a leader
//   tree FILE loop  the bare kill loop: has started the tree below itself, and at a TERM sends one
//                   to each of the thousand, whose pids it knows, and ends when all are gone

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace {

// Ten branches, nine twigs on each, ten leaves on every twig: 10 + 90 + 900.
constexpr std::array children_in{10, 9, 10};
constexpr int descendants = 1000;

// Each tells its pid when it has grown what is below it.
void grow(int news, std::size_t generation) {
    if (generation == children_in.size()) return;
    for (int i = 0; i < children_in[generation]; ++i) {
        if (fork() != 0) continue;
        grow(news, generation + 1);
        const pid_t self = getpid();
        if (write(news, &self, sizeof self) != sizeof self) _exit(1);
        while (true) pause();
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const bool is_loop = argc > 2 && strcmp(argv[2], "loop") == 0;
    std::array<int, 2> news{};
    if (pipe2(news.data(), O_CLOEXEC) != 0) return 1;
    sigset_t term;
    sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    if (is_loop) (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    grow(news[1], 0);
    if (is_loop) (void)sigprocmask(SIG_BLOCK, &term, nullptr);
    std::array<pid_t, descendants> pids{};
    for (pid_t& pid : pids) {
        if (read(news[0], &pid, sizeof pid) != sizeof pid) return 1;
    }
    const int file = open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (dprintf(file, "%d\n", getpid()) < 0) return 1;
    if (!is_loop) {
        while (true) pause();
    }
    int signal = 0;
    (void)sigwait(&term, &signal);
    for (const pid_t pid : pids) (void)kill(pid, SIGTERM);
    while (waitpid(-1, nullptr, 0) > 0) {
    }
    return 0;
}
