#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "catch.hpp"
#include "child.hpp"
#include "os/events.hpp"

using once::os::Event;
using once::os::Events;
using once::os::Handle;
using once::os::Ready;
using once::os::restore_signals;
using once::os::Signal;
using once::os::TimeUp;
using namespace once::test;
using once::Clock;
using once::Ending;
using namespace std::chrono_literals;

namespace {

using Caught = once::os::Catch;  // Catch is a name of the tests' library, too

// Waiting for signals changes them for the whole process: each of these stories has its own.
void check_story(const Child::Story& story) { CHECK(Child(story).reap() == Ending::exited(0)); }

struct Pipe {
    std::array<int, 2> ends{};
    Pipe() { (void)pipe(ends.data()); }
    ~Pipe() { (void)close(ends[1]); }
    [[nodiscard]] Handle reader() const { return Handle(ends[0]); }
    void write() const { (void)::write(ends[1], "x", 1); }
};

bool is_signal(const Event& event, int number) {
    const auto* signal = std::get_if<Signal>(&event);
    return signal != nullptr && signal->number == number;
}
bool is_ready(const Event& event, int token) {
    const auto* ready = std::get_if<Ready>(&event);
    return ready != nullptr && ready->token == token;
}
bool is_time_up(const Event& event) { return std::holds_alternative<TimeUp>(event); }

bool is_blocked(int number) {
    sigset_t mask;
    (void)sigprocmask(SIG_SETMASK, nullptr, &mask);
    return sigismember(&mask, number) == 1;
}

}  // namespace

TEST_CASE("a signal is an event, and tells who sent it") {
    Child waiter([](Line& parent) {
        Events events(Caught::usual);
        parent.tell();
        const auto event = events.next(std::nullopt);
        must(is_signal(event, SIGTERM));
        must(std::get<Signal>(event).sender == getppid());
        must(!std::get<Signal>(event).from_kernel);
        return 0;
    });
    (void)waiter.line().listen();
    waiter.signal(SIGTERM);
    CHECK(waiter.reap() == Ending::exited(0));
}

TEST_CASE("real-time signals are events too, each of them") {
    check_story([](Line&) {
        Events events(Caught::usual);
        for (const int number : {SIGRTMIN, SIGRTMAX, SIGRTMIN}) (void)kill(getpid(), number);
        must(is_signal(events.next(Clock::now()), SIGRTMIN));
        must(is_signal(events.next(Clock::now()), SIGRTMIN));
        must(is_signal(events.next(Clock::now()), SIGRTMAX));
        must(is_time_up(events.next(Clock::now())));
        return 0;
    });
}

TEST_CASE("a deadline that has come is told at once, and one that is to come not before") {
    check_story([](Line&) {
        Events events(Caught::usual);
        must(is_time_up(events.next(Clock::now() - 1h)));
        const auto deadline = Clock::now() + 30ms;
        must(is_time_up(events.next(deadline)));
        must(Clock::now() >= deadline);
        return 0;
    });
}

TEST_CASE("what is watched is ready while it can be read, until it is forgotten") {
    check_story([](Line&) {
        Events events(Caught::usual);
        const Pipe pipe;
        const auto reader = pipe.reader();
        events.watch(reader, 7);
        must(is_time_up(events.next(Clock::now())));
        pipe.write();
        must(is_ready(events.next(std::nullopt), 7));
        must(is_ready(events.next(std::nullopt), 7));
        events.forget(reader);
        must(is_time_up(events.next(Clock::now())));
        return 0;
    });
}

TEST_CASE("what was closed is not watched any more") {
    check_story([](Line&) {
        Events events(Caught::usual);
        const Pipe pipe;
        {
            const auto reader = pipe.reader();
            events.watch(reader, 7);
            pipe.write();
        }
        must(is_time_up(events.next(Clock::now())));
        return 0;
    });
}

TEST_CASE("what is forgotten is not told, not even if it was ready already") {
    check_story([](Line&) {
        Events events(Caught::usual);
        const Pipe one;
        const Pipe other;
        const auto first = one.reader();
        const auto second = other.reader();
        events.watch(first, 1);
        events.watch(second, 2);
        one.write();
        other.write();
        must(is_ready(events.next(std::nullopt), 1));
        events.forget(second);
        events.forget(first);
        must(is_time_up(events.next(Clock::now())));
        return 0;
    });
}

TEST_CASE("of several events none is lost") {
    check_story([](Line&) {
        Events events(Caught::usual);
        const Pipe one;
        const Pipe other;
        const auto first = one.reader();
        const auto second = other.reader();
        events.watch(second, 8);
        events.watch(first, 7);
        one.write();
        other.write();
        (void)kill(getpid(), SIGHUP);
        bool hang_up = false;
        bool seven = false;
        bool eight = false;
        for (int i = 0; i < 6; ++i) {
            const auto event = events.next(std::nullopt);
            hang_up = hang_up || is_signal(event, SIGHUP);
            seven = seven || is_ready(event, 7);
            eight = eight || is_ready(event, 8);
        }
        must(hang_up && seven && eight);
        return 0;
    });
}

TEST_CASE("an event that is there is told even if the deadline has come") {
    check_story([](Line&) {
        Events events(Caught::usual);
        (void)kill(getpid(), SIGTERM);
        must(is_signal(events.next(Clock::now() - 1h), SIGTERM));
        return 0;
    });
}

TEST_CASE("a signal that was ignored on entry stays ignored") {
    check_story([](Line&) {
        (void)signal(SIGHUP, SIG_IGN);
        Events events(Caught::usual);
        (void)kill(getpid(), SIGHUP);
        must(is_time_up(events.next(Clock::now())));
        events.catch_signals(Caught::with_cont);
        (void)kill(getpid(), SIGHUP);
        must(is_time_up(events.next(Clock::now())));
        return 0;
    });
}

TEST_CASE("the keeper hears even what was ignored, to tell of it") {
    check_story([](Line&) {
        (void)signal(SIGHUP, SIG_IGN);
        Events events(Caught::everything);
        (void)kill(getpid(), SIGHUP);
        must(is_signal(events.next(Clock::now()), SIGHUP));
        return 0;
    });
}

TEST_CASE("a SIGCHLD that was ignored on entry does not hide how a child ended") {
    check_story([](Line&) {
        (void)signal(SIGCHLD, SIG_IGN);
        Events events(Caught::usual);
        must(events.inherited().ignores_child);
        const pid_t pid = fork();
        if (pid == 0) _exit(42);
        must(is_signal(events.next(std::nullopt), SIGCHLD));
        int status = 0;
        must(waitpid(pid, &status, 0) == pid);
        must(WEXITSTATUS(status) == 42);
        restore_signals(events.inherited());
        struct sigaction action {};
        (void)sigaction(SIGCHLD, nullptr, &action);
        must(action.sa_handler == SIG_IGN);
        return 0;
    });
}

TEST_CASE("a command finds the signals as we found them") {
    check_story([](Line&) {
        sigset_t before;
        sigemptyset(&before);
        (void)sigaddset(&before, SIGUSR2);
        (void)sigaddset(&before, SIGRTMIN + 3);
        (void)sigprocmask(SIG_SETMASK, &before, nullptr);
        const Events events(Caught::usual);
        must(is_blocked(SIGTERM));
        must(events.inherited().blocked >> (SIGUSR2 - 1) & 1U);
        restore_signals(events.inherited());
        for (int number = 1; number <= 64; ++number) {
            must(is_blocked(number) == (number == SIGUSR2 || number == SIGRTMIN + 3));
        }
        return 0;
    });
}

TEST_CASE("with a shared terminal job control is left as it is, and faults always are") {
    check_story([](Line&) {
        Events events(Caught::usual);
        for (const int number : {SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH}) {
            must(!is_blocked(number));
        }
        events.catch_signals(Caught::with_winch);
        must(is_blocked(SIGWINCH) && !is_blocked(SIGCONT));
        events.catch_signals(Caught::with_cont);
        // The terminal is given away from the background: TTOU must not stop us.
        must(is_blocked(SIGWINCH) && is_blocked(SIGCONT) && is_blocked(SIGTTOU));
        must(!is_blocked(SIGTSTP));
        events.catch_signals(Caught::everything);
        must(is_blocked(SIGTSTP) && is_blocked(SIGTTIN));
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
            must(!is_blocked(fault));
        }
        return 0;
    });
}
