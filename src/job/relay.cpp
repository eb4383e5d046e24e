#include "job/relay.hpp"

#include <algorithm>
#include <csignal>

namespace once::job {
namespace {

using os::Order;
using os::Scope;

// How long the two deliveries of one kill(2) to a group can be apart.
constexpr Duration patience = std::chrono::milliseconds(50);
// npm and pnpm hand an INT on to their child, which has had it from the terminal, or from whoever
// sent it to all of us.
constexpr Duration relayed_within = std::chrono::seconds(1);
// A server may take its time to drain after a Ctrl-C; who types it a third time means it.
constexpr int interrupts_that_kill = 3;

// The real-time ones; 32 and 33 are the C library's own.
bool queues(int signal) { return signal >= 34; }

bool is_never_forwarded(int signal) {
    return signal == SIGCHLD || signal == SIGPIPE || signal == SIGALRM || signal == SIGVTALRM ||
           signal == SIGPROF || signal == SIGURG;
}

// The kernel's word on a limit that we ran into ourselves (setrlimit(2)): the job has its own.
bool is_about_us(int signal, Sender sender) {
    return sender == Sender::terminal && (signal == SIGXFSZ || signal == SIGXCPU);
}

// What a signal means for the stop plan's clock, when the job has it already.
std::vector<Order> begin_clock(int signal) {
    if (signal == SIGTERM || signal == SIGINT || signal == SIGQUIT) {
        return {{Order::Kind::clock, 0, Scope::leader}};
    }
    // nodemon takes a HUP as "restart", gunicorn as "read the settings anew": ask properly later.
    if (signal == SIGHUP) return {{Order::Kind::nudge, 0, Scope::leader}};
    return {};
}

// What a process of the job sent to us alone is not sent back. But a TERM is a request to end the
// job, and whoever else wants it to end gets there in the end.
std::vector<Order> from_within(int signal) {
    if (signal == SIGTERM) return {{Order::Kind::stop, 0, Scope::leader}};
    if (begin_clock(signal).empty()) return {};
    return {{Order::Kind::nudge, 0, Scope::leader}};
}

}  // namespace

std::vector<Order> Relay::on_terminal_had(int signal, TimePoint now) {
    if (signal != SIGINT) return begin_clock(signal);
    last_interrupt_ = now;
    was_typed_ = true;
    if (++interrupts_ < interrupts_that_kill) return {};
    return {{Order::Kind::kill, 0, Scope::leader}};
}

std::vector<Order> Relay::from_terminal(int signal, TimePoint now) {
    auto orders = on_terminal_had(signal, now);
    // A group of its own did not get it from there.
    if (own_group_ && signal != SIGINT) return forward(signal);
    if (own_group_ && orders.empty()) return {{Order::Kind::forward, SIGINT, Scope::group}};
    return orders;
}

std::vector<Order> Relay::forward(int signal) const {
    // A TERM is the request to stop, and the stop plan knows how this job wants to be asked.
    if (signal == SIGTERM) return {{Order::Kind::stop, 0, Scope::leader}};
    // A shell that waits for its child ignores an INT that it gets alone: all of the group then.
    const bool for_all = signal == SIGINT || signal == SIGQUIT || signal == SIGHUP;
    std::vector<Order> orders{
        {Order::Kind::forward, signal, own_group_ && for_all ? Scope::group : Scope::leader}};
    for (const auto& order : begin_clock(signal)) orders.push_back(order);
    return orders;
}

std::vector<Order> Relay::on_signal(int signal, Sender sender, TimePoint now) {
    if (is_never_forwarded(signal) || is_about_us(signal, sender)) return {};
    switch (sender) {
        case Sender::terminal:
            return from_terminal(signal, now);
        case Sender::successor:
            return {{Order::Kind::stop, 0, Scope::leader}};
        case Sender::descendant:
        case Sender::parent:
        case Sender::outside:
            break;
    }
    if (signal == SIGINT && is_relayed(sender, now)) return {};
    if (has_been_seen(signal, now)) return begin_clock(signal);
    held_.push_back({signal, sender, now + patience});
    return {};
}

bool Relay::has_been_seen(int signal, TimePoint now) {
    std::erase_if(seen_, [&](const Seen& one) { return now - one.when >= patience; });
    const auto seen = std::find_if(seen_.begin(), seen_.end(),
                                   [&](const Seen& one) { return one.signal == signal; });
    if (seen == seen_.end()) return false;
    seen_.erase(seen);
    return true;
}

bool Relay::is_relayed(Sender sender, TimePoint now) {
    const bool is_soon = last_interrupt_ && now - *last_interrupt_ < relayed_within;
    if (is_soon && (was_typed_ || sender == Sender::parent)) return true;
    last_interrupt_ = now;
    was_typed_ = false;
    return false;
}

std::vector<Order> Relay::on_seen(int signal, TimePoint now) {
    const auto held = std::find_if(held_.begin(), held_.end(),
                                   [&](const Held& one) { return one.signal == signal; });
    if (held == held_.end()) {
        // Ours has yet to come. Of those that do not queue (signal(7)) several can be one there.
        if (!queues(signal)) {
            std::erase_if(seen_, [&](const Seen& one) { return one.signal == signal; });
        }
        seen_.push_back({signal, now});
        return {};
    }
    held_.erase(held);
    return begin_clock(signal);
}

std::optional<TimePoint> Relay::deadline() const {
    const auto first = std::min_element(
        held_.begin(), held_.end(), [](const Held& a, const Held& b) { return a.until < b.until; });
    if (first == held_.end()) return std::nullopt;
    return first->until;
}

std::vector<Order> Relay::on_time(TimePoint now) {
    std::vector<Order> orders;
    std::erase_if(held_, [&](const Held& one) {
        if (one.until > now) return false;
        const auto own =
            one.sender == Sender::descendant ? from_within(one.signal) : forward(one.signal);
        for (const auto& order : own) orders.push_back(order);
        return true;
    });
    return orders;
}

}  // namespace once::job
