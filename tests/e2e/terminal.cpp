#include "terminal.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <exception>

#include "catch.hpp"
#include "surroundings.hpp"

namespace once::test {

Terminal::Terminal(Scenario& scenario)
    : scenario_(scenario), exceptions_before_(std::uncaught_exceptions()) {
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char device[128];
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        ptsname_r(master, device, sizeof device) != 0) {
        FAIL("no terminal: " << strerror(errno));
    }
    device_ = device;
    inlet_ = std::make_unique<Inlet>(master, "terminal " + device_);
    slave_ = open(device, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave_ < 0) FAIL("cannot open " << device_ << ": " << strerror(errno));
    resize(24, 120);
}

Terminal::~Terminal() {
    if (slave_ >= 0) ::close(slave_);
    close();
    const bool test_has_failed = std::uncaught_exceptions() > exceptions_before_;
    if (!leader_ || test_has_failed) return;
    // Who hears the hang-up may take its time to stop; who does not is the scenario's survivor.
    try {
        const pid_t session = leader_->pid();
        (void)within(patience / 2, [&] { return members_of_session(session).empty(); });
    } catch (...) {
        // A destructor cannot end a test; what failed is noted already.
    }
}

Running Terminal::start(const Command& command, Launch how) {
    REQUIRE(slave_ >= 0);
    leader_ = scenario_.start_on_terminal(command, std::move(how), slave_);
    ::close(slave_);
    slave_ = -1;
    return *leader_;
}

Running Terminal::start_shell() {
    Launch how;
    how.environment = {{"PS1", std::string(prompt)}, {"PS2", ""}, {"HISTFILE", std::nullopt}};
    Running shell = start({"bash", "--norc", "--noprofile", "--noediting", "-i"}, how);
    shell_ = shell.pid();
    wait_for_prompt();
    return shell;
}

void Terminal::wait_for_prompt() {
    wait_for(prompt);
    if (shell_ == 0) return;
    const std::string reading = std::to_string(SYS_read) + " 0x0 ";
    eventually(
        [&] {
            // proc_pid_syscall(5); empty where it may not be read.
            const auto call = whole_file("/proc/" + std::to_string(shell_) + "/syscall");
            return call.empty() || call.starts_with(reading);
        },
        "the shell reads");
}

void Terminal::type(std::string_view text) {
    eventually(
        [&] {
            const ssize_t size = write(inlet_->fd(), text.data(), text.size());
            if (size < 0 && errno != EAGAIN && errno != EINTR) {
                FAIL("cannot type on " << device_ << ": " << strerror(errno));
            }
            if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
            return text.empty();
        },
        "room for what is typed");
}

void Terminal::type_line(std::string_view line) { type(std::string(line) + "\r"); }

void Terminal::wait_for(std::string_view text) {
    eventually([&] { return screen().find(text, passed_) != std::string::npos; },
               "'" + std::string(text) + "' on the terminal");
    passed_ = screen().find(text, passed_) + text.size();
}

pid_t Terminal::wait_for_pid_after(std::string_view label) {
    const std::string start = std::string(label) + " ";
    pid_t pid = 0;
    eventually(
        [&] {
            const std::string& all = screen();
            for (auto at = all.find(start, passed_); at != std::string::npos;
                 at = all.find(start, at + 1)) {
                std::size_t end = at + start.size();
                const std::size_t first = end;
                while (end < all.size() && isdigit(static_cast<unsigned char>(all[end]))) ++end;
                // The number is whole only when something stands behind it.
                if (end == first || end == all.size()) continue;
                pid = std::stoi(all.substr(first, end - first));
                passed_ = end;
                return true;
            }
            return false;
        },
        "'" + start + "<pid>' on the terminal");
    return pid;
}

pid_t Terminal::foreground_group() const {
    const pid_t group = tcgetpgrp(inlet_->fd());
    return group < 0 ? 0 : group;
}

termios Terminal::modes() const {
    termios now{};
    if (tcgetattr(inlet_->fd(), &now) != 0) FAIL("no modes of " << device_);
    return now;
}

void Terminal::resize(int lines, int columns) {
    winsize size{};
    size.ws_row = static_cast<unsigned short>(lines);
    size.ws_col = static_cast<unsigned short>(columns);
    (void)ioctl(inlet_->fd(), TIOCSWINSZ, &size);
}

}  // namespace once::test
