#include "running.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <ostream>

#include "catch.hpp"
#include "running_state.hpp"

namespace once::test {

namespace {

/// The number after `<label> ` at the start of a whole line.
std::optional<pid_t> number_after(std::string_view text, std::string_view label) {
    const std::string start = std::string(label) + " ";
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return std::nullopt;  // its rest is still to come
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (line.substr(0, start.size()) != start) continue;
        pid_t pid = 0;
        const std::string_view digits = line.substr(start.size());
        const auto [stop, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), pid);
        if (error == std::errc()) return pid;
    }
    return std::nullopt;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Ending& ending) {
    if (ending.code) return out << "exited(" << *ending.code << ")";
    if (!ending.signal) return out << "no ending";
    const char* name = sigabbrev_np(*ending.signal);
    out << "killed_by(SIG" << (name != nullptr ? name : std::to_string(*ending.signal)) << ")";
    return ending.dumped_core ? out << " with a core dump" : out;
}

Running::State::State(pid_t leader, std::string words)
    : pid(leader),
      command(std::move(words)),
      handle(static_cast<int>(syscall(SYS_pidfd_open, leader, 0))) {
    if (handle >= 0) watch.emplace(handle, [this] { reap(); });
}

Running::State::~State() {
    watch.reset();
    if (handle >= 0) close(handle);
    if (input >= 0) close(input);
}

void Running::State::reap() {
    if (ending) return;
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG) != 0) {
        if (errno == EINTR) return;
        FAIL("pid " << pid << " is no child of the tests: " << strerror(errno));
    }
    if (info.si_pid == 0) return;
    if (info.si_code == CLD_EXITED) {
        ending = exited(info.si_status);
    } else {
        ending = killed_by(info.si_status);
        ending->dumped_core = info.si_code == CLD_DUMPED;
    }
    watch.reset();
}

void Running::State::signal(int number) const {
    if (!ending) (void)kill(pid, number);
}

pid_t Running::pid() const { return state_->pid; }

const std::string& Running::command() const { return state_->command; }

bool Running::ended() const {
    state_->reap();
    return state_->ending.has_value();
}

bool Running::signal(int number) const {
    const bool was_there = !ended();
    state_->signal(number);
    return was_there;
}

Ending Running::wait_ending() const {
    eventually([this] { return ended(); }, "the ending of '" + command() + "'");
    if (state_->out) (void)state_->out->text();
    if (state_->err) (void)state_->err->text();
    return *state_->ending;
}

const std::string& Running::stdout_text() const {
    REQUIRE(state_->out);
    return state_->out->text();
}

const std::string& Running::stderr_text() const {
    REQUIRE(state_->err);
    return state_->err->text();
}

void Running::wait_for_output(std::string_view text) const {
    eventually([&] { return stdout_text().find(text) != std::string::npos; },
               "'" + std::string(text) + "' on stdout of '" + command() + "'");
}

void Running::wait_for_error(std::string_view text) const {
    eventually([&] { return stderr_text().find(text) != std::string::npos; },
               "'" + std::string(text) + "' on stderr of '" + command() + "'");
}

pid_t Running::ready_pid() const { return pid_after("ready"); }

pid_t Running::pid_after(std::string_view label) const {
    std::optional<pid_t> pid;
    eventually(
        [&] {
            pid = number_after(stdout_text(), label);
            return pid.has_value();
        },
        "a line '" + std::string(label) + " <pid>' of '" + command() + "'");
    return *pid;
}

bool Running::output_ended() const { return state_->out->ended() && state_->err->ended(); }

void Running::close_output() const {
    state_->out->close();
    state_->err->close();
}

void Running::write_input(std::string_view text) const {
    REQUIRE(state_->input >= 0);
    while (!text.empty()) {
        const ssize_t size = write(state_->input, text.data(), text.size());
        if (size < 0 && errno != EINTR) FAIL("cannot write to '" << command() << "'");
        if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
    }
}

void Running::close_input() const {
    if (state_->input >= 0) close(state_->input);
    state_->input = -1;
}

}  // namespace once::test
