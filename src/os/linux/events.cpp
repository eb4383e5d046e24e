#include "os/events.hpp"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "os/linux/check.hpp"
#include "os/self.hpp"

namespace once::os {
namespace {

constexpr int signals_token = 0;
// Who has had nothing to do for so long, and will not have for longer yet, needs no memory.
constexpr int time_to_rest_ms = 100;
constexpr int shortest_rest_ms = 1000;

using Bits = std::uint64_t;
constexpr Bits bit(int signal) { return Bits{1} << (signal - 1); }

// Faults hit the one who made them and must not be held back (signal(7), "synchronous").
constexpr Bits faults = bit(SIGFPE) | bit(SIGILL) | bit(SIGSEGV) | bit(SIGBUS) | bit(SIGABRT) |
                        bit(SIGTRAP) | bit(SIGSYS);
// With a terminal shared by all, job control has to do to us what it does to the job.
constexpr Bits job_control = bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU) | bit(SIGCONT);

Bits caught_by(Catch which) {
    switch (which) {
        case Catch::usual:
            return ~(faults | job_control | bit(SIGWINCH));
        case Catch::with_winch:
            return ~(faults | job_control);
        case Catch::with_cont:
            return ~(faults | bit(SIGTSTP) | bit(SIGTTIN));
        case Catch::everything:
            return ~faults;
    }
    return 0;
}

sigset_t to_set(Bits bits) noexcept {
    sigset_t set;
    sigemptyset(&set);
    // 32 and 33 are glibc's own; it takes neither of them here.
    for (int signal = 1; signal <= 64; ++signal) {
        if ((bits & bit(signal)) != 0) (void)sigaddset(&set, signal);
    }
    return set;
}

Bits to_bits(const sigset_t& set) noexcept {
    Bits bits = 0;
    for (int signal = 1; signal <= 64; ++signal) {
        if (sigismember(&set, signal) == 1) bits |= bit(signal);
    }
    return bits;
}

bool is_ignored(int signal) noexcept {
    struct sigaction action {};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

SignalState look_around() {
    sigset_t blocked;
    (void)sigprocmask(SIG_SETMASK, nullptr, &blocked);
    return {to_bits(blocked), is_ignored(SIGCHLD)};
}

int milliseconds_until(TimePoint time) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
}

void set_disposition(int signal, void (*handler)(int)) noexcept {
    struct sigaction action {};
    action.sa_handler = handler;
    (void)sigaction(signal, &action, nullptr);
}

}  // namespace

Events::Events(Catch which) : inherited_(look_around()), which_(which) {
    // Ignored, it would let the kernel reap our children before we can ask how they ended
    // (wait(2)).
    if (inherited_.ignores_child) set_disposition(SIGCHLD, SIG_DFL);
    queue_ = Handle(check(::epoll_create1(EPOLL_CLOEXEC), "make an event queue"));
    catch_signals(which);
    watch(signals_, signals_token);
}

Events::~Events() = default;

void Events::catch_signals(Catch which) {
    which_ = which;
    const auto set = to_set(caught_by(which));
    check(sigprocmask(SIG_SETMASK, &set, nullptr), "block signals");
    const int raw =
        check(::signalfd(signals_ ? descriptor(signals_) : -1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
              "read signals as events");
    if (!signals_) signals_ = Handle(raw);
}

void Events::watch(const Handle& handle, int token, When when) {
    epoll_event event{};
    event.events = when == When::writable ? EPOLLOUT : EPOLLIN;
    event.data.fd = token;
    check(::epoll_ctl(descriptor(queue_), EPOLL_CTL_ADD, descriptor(handle), &event),
          "watch an event");
}

void Events::forget(const Handle& handle) noexcept {
    // It may have been closed already, and has then left by itself (epoll(7)).
    (void)::epoll_ctl(descriptor(queue_), EPOLL_CTL_DEL, descriptor(handle), nullptr);
}

Event Events::next(std::optional<TimePoint> deadline) {
    bool is_at_rest = false;
    while (true) {
        int patience = deadline ? milliseconds_until(*deadline) : -1;
        const bool may_rest = !is_at_rest && (patience < 0 || patience >= shortest_rest_ms);
        if (may_rest) patience = time_to_rest_ms;
        // One at a time: a second one could be about something that is forgotten by then.
        epoll_event ready{};
        const int count = ::epoll_wait(descriptor(queue_), &ready, 1, patience);
        if (count < 0 && errno != EINTR) fail_with(errno, "wait for events");
        if (count == 0 && deadline && Clock::now() >= *deadline) return TimeUp{};
        if (count == 0 && may_rest) {
            shed_program_pages();
            is_at_rest = true;
        }
        if (count != 1) continue;
        if (ready.data.fd != signals_token) return Ready{ready.data.fd};
        if (auto signal = read_signal()) return *signal;
    }
}

std::optional<Event> Events::read_signal() const {
    signalfd_siginfo info{};
    if (::read(descriptor(signals_), &info, sizeof info) != sizeof info) return std::nullopt;
    const int number = static_cast<int>(info.ssi_signo);
    // What somebody told us to ignore (nohup, `sh -c 'once … &'`) stays ignored: the kernel keeps a
    // blocked signal for us all the same. The keeper listens to everything, to tell what a whole
    // group got.
    if (which_ != Catch::everything && is_ignored(number)) return std::nullopt;
    const bool from_kernel = info.ssi_code == SI_KERNEL;
    return Signal{number, from_kernel, from_kernel ? 0 : static_cast<int>(info.ssi_pid)};
}

void restore_signals(const SignalState& inherited) noexcept {
    if (inherited.ignores_child) set_disposition(SIGCHLD, SIG_IGN);
    const auto set = to_set(inherited.blocked);
    (void)sigprocmask(SIG_SETMASK, &set, nullptr);
}

}  // namespace once::os
