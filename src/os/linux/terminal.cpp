#include "os/terminal.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>

#include "os/linux/check.hpp"
#include "os/process.hpp"

namespace once::os {

struct Terminal::Modes {
    termios at_start{};
    bool known = false;
};

Terminal::Terminal(Handle device, std::unique_ptr<Modes> modes)
    : device_(std::move(device)), modes_(std::move(modes)) {}
Terminal::Terminal(Terminal&&) noexcept = default;
Terminal& Terminal::operator=(Terminal&&) noexcept = default;
Terminal::~Terminal() = default;

std::optional<Terminal> Terminal::open() {
    // ENXIO without a controlling terminal (tty(4)).
    Handle device(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!device) return std::nullopt;
    auto modes = std::make_unique<Modes>();
    modes->known = ::tcgetattr(descriptor(device), &modes->at_start) == 0;
    return Terminal(std::move(device), std::move(modes));
}

int Terminal::foreground_group() const noexcept {
    const auto group = ::tcgetpgrp(descriptor(device_));
    return group > 0 ? group : 0;
}

bool Terminal::is_foreground() const noexcept { return foreground_group() == ::getpgrp(); }

void Terminal::give_to(int group) const noexcept {
    // Fails when the group or the terminal is gone: then there is nobody to give it to.
    (void)::tcsetpgrp(descriptor(device_), group);
}

void Terminal::give_to_us() const noexcept { give_to(::getpgrp()); }

void Terminal::restore_modes() const noexcept {
    if (modes_->known && is_foreground()) {
        (void)::tcsetattr(descriptor(device_), TCSANOW, &modes_->at_start);  // hung up: no matter
    }
}

void suspend_own_group() noexcept {
    (void)::kill(0, SIGTSTP);
    // The CONT that has brought us back is answered by the caller; as an event it would come a
    // second time, perhaps after the next Ctrl-Z.
    sigset_t only;
    sigemptyset(&only);
    (void)sigaddset(&only, SIGCONT);
    const timespec at_once{};
    (void)::sigtimedwait(&only, nullptr, &at_once);
}

void continue_stopped_parent() {
    const auto parent = read_process(::getppid());
    const bool waits = parent && parent->is_stopped() && parent->group == ::getpgrp();
    if (waits) (void)::kill(0, SIGCONT);
}

}  // namespace once::os
