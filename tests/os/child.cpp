#include "child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <fstream>
#include <iterator>

#include "base/failure.hpp"
#include "catch.hpp"

namespace once::test {
namespace {

// Catch has handlers of its own while a test runs, which a child must not answer with.
void forget_signals() {
    for (int signal = 1; signal <= 64; ++signal) {
        struct sigaction action {};
        if (sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) continue;
        action = {};
        action.sa_handler = SIG_DFL;
        (void)sigaction(signal, &action, nullptr);
    }
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, nullptr);
}

Child::Fork fork_with_line(const Child::Story& story) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw std::runtime_error("no line to a child");
    }
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);  // until the child has forgotten Catch's
    const pid_t pid = fork();
    if (pid != 0) (void)sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) throw std::runtime_error("no child");
    if (pid == 0) {
        (void)close(ends[0]);
        forget_signals();
        int status = 125;
        try {
            Line line(ends[1]);
            status = story(line);
        } catch (const std::exception& problem) {
            (void)fprintf(stderr, "in a child: %s\n", problem.what());
        }
        _exit(status);
    }
    (void)close(ends[1]);
    return {pid, ends[0]};
}

Child::Fork fork_and_execute(std::vector<std::string> command) {
    return fork_with_line([&](Line&) {
        std::vector<char*> words;
        for (auto& word : command) words.push_back(word.data());
        words.push_back(nullptr);
        (void)execvp(words[0], words.data());
        return 127;
    });
}

}  // namespace

Line::~Line() { hang_up(); }

void Line::hang_up() {
    if (fd_ >= 0) (void)close(fd_);
    fd_ = -1;
}

void Line::tell(int word) const { (void)send(fd_, &word, sizeof word, MSG_NOSIGNAL); }

int Line::listen() const {
    int word = 0;
    ssize_t got = 0;
    do got = recv(fd_, &word, sizeof word, 0);
    while (got < 0 && errno == EINTR);
    return got == sizeof word ? word : -1;
}

Child::Child(const Story& story) : Child(fork_with_line(story)) {}
Child::Child(std::vector<std::string> command) : Child(fork_and_execute(std::move(command))) {}

Child::~Child() {
    if (reaped_) return;
    (void)kill(pid_, SIGKILL);
    (void)reap();
}

os::ProcessId Child::id() const {
    const auto facts = os::read_process(pid_);
    REQUIRE(facts);
    return facts->id;
}

void Child::signal(int number) const { REQUIRE(kill(pid_, number) == 0); }

void Child::wait_for_end() const {
    siginfo_t info{};
    while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0) {
        if (errno != EINTR) return;
    }
}

Ending Child::reap() {
    reaped_ = true;
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0) {
        if (errno != EINTR) return Ending::exited(-1);
    }
    return WIFEXITED(status) ? Ending::exited(WEXITSTATUS(status))
                             : Ending::killed(WTERMSIG(status));
}

void must(bool claim, int line) {
    if (!claim) throw std::runtime_error("line " + std::to_string(line) + " does not hold");
}

OwnFolder::OwnFolder() {
    auto name = (std::filesystem::temp_directory_path() / "once-os-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder of our own");
    path_ = std::filesystem::canonical(name);
}

OwnFolder::~OwnFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string text_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void put_text(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

std::string failure_of(const std::function<void()>& act) {
    try {
        act();
    } catch (const Failure& failure) {
        return std::to_string(failure.ending().status()) + ": " + failure.what();
    }
    return {};
}

}  // namespace once::test
