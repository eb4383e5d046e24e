#include "os/background.hpp"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "os/linux/check.hpp"
#include "os/linux/custody.hpp"
#include "os/self.hpp"

namespace once::os {

Background Background::begin() {
    std::array<int, 2> ends{};
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "make a channel");
    Handle ours(ends[0]);
    Handle theirs(ends[1]);
    const auto self = own_id();
    // As a child of ours it could not be told from what we are to reap if CHLD is ignored
    // (wait(2)).
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    struct sigaction before {};
    check(::sigaction(SIGCHLD, &usual, &before), "wait for a child");
    const pid_t pid = check(::fork(), "go to the background");
    if (pid != 0) {
        Background called(std::move(ours));
        called.background_ = pid;
        return called;
    }
    (void)::sigaction(SIGCHLD, &before, nullptr);
    (void)::setsid();  // cannot fail: a fresh child leads no group (setsid(2))
    (void)let_go_of_inherited_files();
    point_to_nothing(false);
    Background background(std::move(theirs));
    background.caller_ = Process::open(self);
    if (!background.caller_ && ::getppid() == self.pid) {
        fail("cannot watch the process that started once: are there too few descriptors?");
    }
    if (!background.caller_) fail("the process that started once has ended; nothing was started");
    return background;
}

Background::~Background() {
    // Whatever made us go: nothing may go on behind our back of which nobody was told.
    if (background_ && channel_) ask_to_end();
}

std::optional<Ending> Background::outcome() {
    char word = 0;
    const auto got = check(retry([&] { return ::read(descriptor(channel_), &word, sizeof word); }),
                           "hear from the background");
    channel_.close();
    if (got == sizeof word) return std::nullopt;
    siginfo_t info{};
    (void)retry([&] { return ::waitid(P_PID, static_cast<id_t>(*background_), &info, WEXITED); });
    return to_ending(info);
}

void Background::ask_to_end() const noexcept { (void)::kill(*background_, SIGTERM); }

void Background::report_up() noexcept {
    const char word = '+';
    // A caller that is gone has been noticed already, or is about to be.
    (void)persist([&] { return ::send(descriptor(channel_), &word, sizeof word, MSG_NOSIGNAL); });
    channel_.close();
    point_to_nothing(true);
}

}  // namespace once::os
