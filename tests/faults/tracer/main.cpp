// The tracer as a program of its own: it becomes the command, and a grandchild of it, with no
// relation left that the command could notice, watches it. See intervention.hpp.

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include "tracer.hpp"

namespace once::test {

namespace {

constexpr int first_word = 8;  // of the command, after FD CALLER ACTION ROLE PLACE ARGUMENT --

/// Nothing of the command's is held open by who watches it.
void let_go_of_all_but(int report, int told) {
    (void)setsid();
    (void)chdir("/");
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) (void)dup2(nothing, fd);
    const auto [low, high] = std::minmax(report, told);
    if (low > 3) (void)close_range(3, static_cast<unsigned>(low) - 1, 0);
    if (high > low + 1) {
        (void)close_range(static_cast<unsigned>(low) + 1, static_cast<unsigned>(high) - 1, 0);
    }
    (void)close_range(static_cast<unsigned>(high) + 1, ~0U, 0);
}

[[noreturn]] void watch(pid_t root, int report, int told, Role first, const Intervention& wish) {
    let_go_of_all_but(report, told);
    Tracer tracer(root, first, wish);
    if (!tracer.seize()) _exit(70);
    (void)!write(told, "x", 1);
    close(told);
    const std::string line = tracer.run() + "\n";
    (void)!write(report, line.data(), line.size());
    _exit(0);
}

int run(char** argv) {
    const int report = std::atoi(argv[1]);
    const Role first = std::string(argv[2]) == "-" ? Role::once : Role::caller;
    const Intervention wish =
        parse_intervention(std::vector<std::string>(argv + 3, argv + first_word - 1));
    std::array<int, 2> told{};
    if (pipe2(told.data(), O_CLOEXEC) != 0) return 70;
    const pid_t root = getpid();
    (void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);  // without Yama there is no need
    const pid_t between = fork();
    if (between == 0) {
        if (fork() == 0) watch(root, report, told[1], first, wish);
        _exit(0);
    }
    close(told[1]);
    close(report);
    while (waitpid(between, nullptr, 0) < 0 && errno == EINTR) continue;
    char byte = 0;
    if (read(told[0], &byte, 1) != 1) return 70;
    close(told[0]);
    execvp(argv[first_word], argv + first_word);
    return 127;
}

}  // namespace

}  // namespace once::test

int main(int argc, char** argv) {
    return argc > once::test::first_word ? once::test::run(argv) : 2;
}
