// The way from a Launch to a process.

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "catch.hpp"
#include "isolation.hpp"
#include "running_state.hpp"

namespace once::test {

namespace {

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// The tests' own dispositions (Catch has handlers) are not the program's.
bool set_signals(const Launch& how) {
    for (int signal = 1; signal < NSIG; ++signal) (void)::signal(signal, SIG_DFL);
    for (const int signal : how.ignored) (void)::signal(signal, SIG_IGN);
    sigset_t mask;
    sigemptyset(&mask);
    for (const int signal : how.blocked) sigaddset(&mask, signal);
    return sigprocmask(SIG_SETMASK, &mask, nullptr) == 0;
}

bool take_place(const Launch& how, bool is_terminal) {
    if (is_terminal) return setsid() > 0 && ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0;
    switch (how.place) {
        case Place::session:
            return setsid() > 0;
        case Place::group:
            return setpgid(0, 0) == 0;
        case Place::none:
            return true;
    }
    return false;
}

bool set_descriptors(const Launch& how, const Wiring& wiring) {
    if (dup2(wiring.in, STDIN_FILENO) < 0 || dup2(wiring.out, STDOUT_FILENO) < 0 ||
        dup2(wiring.err, STDERR_FILENO) < 0) {
        return false;
    }
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return false;
    for (const int fd : how.kept) {
        if (fcntl(fd, F_SETFD, 0) != 0) return false;
    }
    return true;
}

}  // namespace

pid_t start_process(const std::vector<std::string>& command, const Launch& how,
                    const std::map<std::string, std::string>& environment, const Wiring& wiring) {
    std::vector<std::string> words = command;
    std::vector<std::string> entries;
    for (const auto& [name, value] : environment) {
        entries.push_back(name);
        entries.back().append("=").append(value);
    }
    std::vector<char*> argv = pointers_to(words);
    std::vector<char*> envp = pointers_to(entries);
    const std::string folder = how.folder.string();
    const bool tests_may_vanish = !isolated();
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) FAIL("pipe2: " << strerror(errno));

    const pid_t pid = fork();
    if (pid == 0) {
        // Nobody's init ends what is left when the tests are killed, so each child looks itself.
        if (tests_may_vanish) prctl(PR_SET_PDEATHSIG, SIGKILL);
        environ = envp.data();  // execvp() looks for PATH there
        if (set_signals(how) && set_descriptors(how, wiring) &&
            take_place(how, wiring.is_terminal) && chdir(folder.c_str()) == 0) {
            execvp(argv.front(), argv.data());
        }
        const int error = errno;
        (void)!write(report[1], &error, sizeof error);
        _exit(127);
    }
    const int fork_error = errno;
    close(report[1]);
    int error = 0;
    const bool failed = pid > 0 && read(report[0], &error, sizeof error) == sizeof error;
    close(report[0]);
    if (pid < 0) FAIL("cannot fork: " << strerror(fork_error));
    if (failed) {
        (void)waitpid(pid, nullptr, 0);
        FAIL("cannot launch '" << command.front() << "': " << strerror(error));
    }
    return pid;
}

}  // namespace once::test
