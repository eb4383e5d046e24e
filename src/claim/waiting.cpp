#include "claim/waiting.hpp"

#include <csignal>

#include "base/failure.hpp"
#include "claim/description.hpp"
#include "claim/lease.hpp"

namespace once::claim {

namespace {

constexpr int parent_token = 899;

}  // namespace

Waiting::Waiting(os::Events& events, int conflict_status, const os::Process* parent)
    : events_(events), conflict_status_(conflict_status), parent_(parent) {
    if (parent_ != nullptr) events_.watch(parent_->handle(), parent_token);
}

Waiting::~Waiting() {
    if (parent_ != nullptr) events_.forget(parent_->handle());
}

os::Event Waiting::next(std::optional<TimePoint> deadline) {
    auto event = events_.next(deadline);
    const auto* ready = std::get_if<os::Ready>(&event);
    if (ready != nullptr && ready->token == parent_token) {
        fail("the process that started once has ended; nothing was started");
    }
    const auto* signal = std::get_if<os::Signal>(&event);
    if (signal == nullptr || is_deaf_) return event;
    switch (signal->number) {
        case SIGHUP:
        case SIGINT:
        case SIGQUIT:
        case SIGTERM:
            break;
        default:
            return event;
    }
    // Whoever sent the TERM: the newest of several successors need not be the one that asks us.
    const bool may_be_successor = signal->number == SIGTERM && lease_ != nullptr;
    if (const auto next = may_be_successor ? lease_->successor() : std::nullopt) {
        const char* why = next->verb == Verb::stop ? "stopped by " : "gave way to a newer launch: ";
        throw Failure(conflict_status_, why + describe(*next));
    }
    throw Failure(Ending::killed(signal->number), "");
}

void Waiting::check() {
    while (!std::holds_alternative<os::TimeUp>(next(Clock::now()))) {
    }
}

}  // namespace once::claim
