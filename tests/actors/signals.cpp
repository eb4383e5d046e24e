// Actors that receive signals, pass them on, or end by them.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <set>

#include "actors.hpp"

namespace once::test {

namespace {

using Clock = std::chrono::steady_clock;

std::string code_name(int code) {
    switch (code) {
        case SI_USER:
            return "SI_USER";
        case SI_KERNEL:
            return "SI_KERNEL";
        case SI_QUEUE:
            return "SI_QUEUE";
        case SI_TKILL:
            return "SI_TKILL";
        default:
            return std::to_string(code);
    }
}

bool is_ignored(int signal) {
    struct sigaction now {};
    return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// All but the faults, KILL, STOP, CHLD, what was ignored on entry, and (unless asked for) the
/// three that stop: those work as they do for a program that knows nothing of job control.
sigset_t signals_to_print(bool with_stops) {
    sigset_t set;
    sigfillset(&set);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGCHLD}) {
        sigdelset(&set, fault);
    }
    if (!with_stops) {
        for (const int stop : {SIGTSTP, SIGTTIN, SIGTTOU}) sigdelset(&set, stop);
    }
    for (int signal = 1; signal < NSIG; ++signal) {
        if (is_ignored(signal)) sigdelset(&set, signal);
    }
    return set;
}

struct Listening {
    std::set<int> exit_on;
    int exit_code = 0;
    bool with_stops = false;
    Clock::time_point until = Clock::time_point::max();
};

Listening listening_as_asked(const Arguments& words) {
    Listening wish;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--exit-on") {
            wish.exit_on.insert(signal_number(needed(words, ++i, "SIGNAL")));
        } else if (words[i] == "--exit-code") {
            wish.exit_code = number(needed(words, ++i, "N"));
        } else if (words[i] == "--stops") {
            wish.with_stops = true;
        } else {
            wish.until = Clock::now() + std::chrono::seconds(number(words[i]));
        }
    }
    if (wish.exit_on.empty()) wish.exit_on.insert(SIGTERM);
    return wish;
}

/// The next signal of the set, or 0 when it is `until`.
int next_signal(const sigset_t& set, siginfo_t& info, Clock::time_point until) {
    for (;;) {
        int signal = 0;
        if (until == Clock::time_point::max()) {
            signal = sigwaitinfo(&set, &info);
        } else {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
            if (left.count() <= 0) return 0;
            const timespec patience{.tv_sec = left.count() / 1000,
                                    .tv_nsec = left.count() % 1000 * 1000000};
            signal = sigtimedwait(&set, &info, &patience);
        }
        if (signal > 0) return signal;
    }
}

[[noreturn]] void end_by(int signal) {
    ::signal(signal, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);
    raise(signal);
    wait_for_ever();
}

pid_t parent_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("PPid:", 0) == 0)
            return number(line.substr(line.find_first_not_of(" \t", 5)));
    }
    return 0;
}

void end_if_once(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
    std::string name;
    std::getline(file, name);
    // An actor that was started without `once` must not end somebody's shell.
    if (name != "once" && name != "job-keeper") {
        misused(std::to_string(pid) + " is neither once nor its keeper but " + name);
    }
    kill(pid, SIGKILL);
}

}  // namespace

int print_signals(const Arguments& words) {
    const Listening wish = listening_as_asked(words);
    const sigset_t set = signals_to_print(wish.with_stops);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    announce();
    siginfo_t info{};
    int count = 0;
    while (const int signal = next_signal(set, info, wish.until)) {
        ++count;
        say("got " + signal_name(signal) + " from " + std::to_string(info.si_pid) + " code " +
            code_name(info.si_code));
        if (wish.exit_on.contains(signal)) break;
    }
    say("signals " + std::to_string(count));
    return wish.exit_code;
}

/// What npm and pnpm do: INT and TERM are passed on to the child, whoever else has sent them too.
int relay_signals(const Arguments& words) {
    (void)needed(words, 0, "COMMAND");
    sigset_t set;
    sigset_t before;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, &before);
    announce();
    const pid_t child = fork_or_end();
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &before, nullptr);
        std::vector<char*> argv;
        for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        execvp(argv.front(), argv.data());
        _exit(127);
    }
    say("child " + std::to_string(child));
    for (;;) {
        const int signal = sigwaitinfo(&set, nullptr);
        int status = 0;
        if (signal == SIGCHLD && waitpid(child, &status, WNOHANG) == child) {
            if (WIFEXITED(status)) return WEXITSTATUS(status);
            end_by(WTERMSIG(status));
        }
        if (signal == SIGINT || signal == SIGTERM) kill(child, signal);
    }
}

int exit_with(const Arguments& words) {
    const int code = number(needed(words, 0, "N"));
    announce();
    return code;
}

int die_of(const Arguments& words) {
    const int signal = signal_number(needed(words, 0, "SIGNAL"));
    announce();
    end_by(signal);
}

int stop_itself(const Arguments&) {
    announce();
    raise(SIGSTOP);
    say("continued");
    wait_for_ever();
}

/// Ends the keeper (our parent), `once` (its parent) or both, then waits to be ended.
int crash_supervisor(const Arguments& words) {
    const std::string& whom = needed(words, 0, "once|keeper|both");
    announce();
    const pid_t keeper = getppid();
    const pid_t once = parent_of(keeper);
    if (whom == "once" || whom == "both") end_if_once(once);
    if (whom == "keeper" || whom == "both") end_if_once(keeper);
    wait_for_ever();
}

}  // namespace once::test
