#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "catch.hpp"
#include "child.hpp"
#include "os/events.hpp"
#include "os/terminal.hpp"

using namespace once::test;
namespace os = once::os;
using once::Ending;

namespace {

// A process of its own session, which alone can have a controlling terminal of its own.
void check_story(const Child::Story& story) {
    Child actor([&](Line& parent) {
        must(setsid() > 0);
        (void)signal(SIGHUP, SIG_IGN);  // its terminal goes before it does
        return story(parent);
    });
    CHECK(actor.reap() == Ending::exited(0));
}

// A pseudo terminal, controlling whoever made it.
class Pty {
public:
    Pty() : master_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        must(master_ >= 0 && grantpt(master_) == 0 && unlockpt(master_) == 0);
        slave_ = open(ptsname(master_), O_RDWR | O_CLOEXEC);  // NOLINT: no other thread
        must(slave_ >= 0);
    }
    ~Pty() {
        (void)close(slave_);
        (void)close(master_);
    }
    Pty(const Pty&) = delete;
    Pty& operator=(const Pty&) = delete;

    void type(char key) const { must(write(master_, &key, 1) == 1); }
    [[nodiscard]] bool echoes() const {
        termios modes{};
        must(tcgetattr(slave_, &modes) == 0);
        return (modes.c_lflag & static_cast<tcflag_t>(ECHO)) != 0;
    }
    void stop_echo() const {
        termios modes{};
        must(tcgetattr(slave_, &modes) == 0);
        modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        must(tcsetattr(slave_, TCSANOW, &modes) == 0);
    }

private:
    int master_;
    int slave_ = -1;
};

// A child in a process group of its own.
class Group {
public:
    Group()
        : child_([](Line& parent) {
              (void)setpgid(0, 0);
              parent.tell();
              return parent.listen();
          }) {
        must(child_.line().listen() == 0);
    }
    [[nodiscard]] int number() const { return child_.pid(); }

private:
    Child child_;
};

void ignore_background_writes() { (void)signal(SIGTTOU, SIG_IGN); }

}  // namespace

TEST_CASE("without a controlling terminal there is none to open") {
    check_story([](Line&) {
        must(!os::Terminal::open());
        return 0;
    });
}

TEST_CASE("who has a terminal is in its foreground until he gives it away") {
    check_story([](Line&) {
        const Pty pty;
        ignore_background_writes();
        const auto terminal = os::Terminal::open();
        must(terminal.has_value());
        must(terminal->is_foreground());
        must(terminal->foreground_group() == getpgrp());
        const Group other;
        terminal->give_to(other.number());
        must(terminal->foreground_group() == other.number());
        must(!terminal->is_foreground());
        terminal->give_to_us();
        must(terminal->is_foreground());
        terminal->give_to(999'999);  // nobody: nothing happens
        must(terminal->is_foreground());
        return 0;
    });
}

TEST_CASE("a terminal gets the modes back that it had at the start") {
    check_story([](Line&) {
        const Pty pty;
        const auto terminal = os::Terminal::open();
        must(terminal && pty.echoes());
        pty.stop_echo();
        terminal->restore_modes();
        must(pty.echoes());
        return 0;
    });
}

TEST_CASE("from the background nobody changes a terminal's modes") {
    check_story([](Line&) {
        const Pty pty;
        ignore_background_writes();
        const auto terminal = os::Terminal::open();
        const Group other;
        pty.stop_echo();
        terminal->give_to(other.number());
        terminal->restore_modes();
        must(!pty.echoes());
        return 0;
    });
}

TEST_CASE("a Ctrl-C is told as the terminal's, and a kill is not") {
    check_story([](Line&) {
        const Pty pty;
        os::Events events(os::Catch::usual);
        pty.type('\x03');
        const auto typed = events.next(std::nullopt);
        must(std::get<os::Signal>(typed).number == SIGINT);
        must(std::get<os::Signal>(typed).from_kernel);
        must(std::get<os::Signal>(typed).sender == 0);
        (void)kill(getpid(), SIGINT);
        const auto sent = events.next(std::nullopt);
        must(!std::get<os::Signal>(sent).from_kernel);
        must(std::get<os::Signal>(sent).sender == getpid());
        return 0;
    });
}
