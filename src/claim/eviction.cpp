#include "claim/eviction.hpp"

#include <fmt/format.h>

#include <csignal>

#include "base/failure.hpp"
#include "base/log.hpp"
#include "claim/description.hpp"
#include "job/offspring.hpp"
#include "os/process.hpp"

namespace once::claim {
namespace {

constexpr int once_token = 910;
constexpr int keeper_token = 911;
// What a busy machine may take on top of the stop plan.
constexpr Duration grace = std::chrono::seconds(3);
constexpr Duration until_said = std::chrono::seconds(1);

// The two processes that hold a lease.
class Pair {
public:
    Pair(const Record& holder, Waiting& waiting)
        : waiting_(waiting), once_(os::Process::open(holder.once)) {
        if (holder.keeper.pid != 0) keeper_ = os::Process::open(holder.keeper);
        if (once_) waiting.events().watch(once_->handle(), once_token);
        if (keeper_) waiting.events().watch(keeper_->handle(), keeper_token);
    }

    [[nodiscard]] bool is_gone() const { return !once_ && !keeper_; }
    [[nodiscard]] const std::optional<os::Process>& once() const { return once_; }
    [[nodiscard]] const std::optional<os::Process>& keeper() const { return keeper_; }

    // Waits until both are gone. False at the deadline.
    bool await(std::optional<TimePoint> deadline) {
        while (!is_gone()) {
            const auto event = waiting_.next(deadline);
            if (std::holds_alternative<os::TimeUp>(event)) return false;
            const auto* ready = std::get_if<os::Ready>(&event);
            if (ready == nullptr) continue;
            // Closing what was watched ends the watching.
            if (ready->token == once_token) once_.reset();
            if (ready->token != keeper_token) continue;
            keeper_.reset();
            // A job in the background may have touched the terminal on its way out, and that stops
            // its whole group again, once too (SIGTTOU), after it was continued for the request.
            if (once_) (void)once_->signal(SIGCONT);
        }
        return true;
    }

private:
    Waiting& waiting_;
    std::optional<os::Process> once_;
    std::optional<os::Process> keeper_;
};

bool can_be_signalled(os::ProcessId id) {
    const auto process = os::Process::open(id);
    return !process || process->signal(0) || !os::is_alive(id);
}

// Whom of its job nobody can end: another user's process, or one in uninterruptible sleep. It would
// live on without its keeper, and nobody would hold the slot any more.
std::optional<os::ProcessFacts> find_unendable(const Record& holder) {
    for (const int pid : job::pids_below(holder.keeper.pid)) {
        auto facts = os::read_process(pid);
        if (!facts || facts->is_zombie()) continue;
        if (facts->state == 'D' || !can_be_signalled(facts->id)) return facts;
    }
    return std::nullopt;
}

void refuse_unendable(const Record& holder, int status) {
    const auto one = find_unendable(holder);
    if (!one) return;
    throw Failure(status,
                  fmt::format("{} cannot be ended: {} does not go, and its keeper (pid {}) "
                              "holds the slot until it is gone",
                              describe(holder), describe_process(one->id.pid), holder.keeper.pid));
}

}  // namespace

void ask_holder(const Record& holder) {
    const auto once = os::Process::open(holder.once);
    // One who was not asked would be waited for in vain.
    if (!(once && once->signal(SIGTERM)) && os::is_alive(holder.once)) {
        fail("cannot ask {} to end", describe(holder));
    }
    if (once) (void)once->signal(SIGCONT);
    const auto keeper =
        holder.keeper.pid != 0 ? os::Process::open(holder.keeper) : std::optional<os::Process>();
    if (keeper) (void)keeper->signal(SIGCONT);
}

void end_holder(const Record& holder, Waiting& waiting, const Say& say) {
    ask_holder(holder);
    end_asked_holder(holder, waiting, say);
}

void end_asked_holder(const Record& holder, Waiting& waiting, const Say& say) {
    Pair pair(holder, waiting);
    // Asked twice as long as its stop plan takes: the leader's time, and the time of the rest.
    const auto patience = 2 * holder.stop_timeout + grace;
    const auto begun = Clock::now();
    if (pair.await(begun + until_said)) return;
    say("waiting for the end of " + describe(holder));
    if (pair.await(begun + patience)) return;
    if (!pair.once()) refuse_unendable(holder, waiting.conflict_status());
    log::debug("once (pid {}) does not answer; ending it from outside", holder.once.pid);
    if (pair.once()) (void)pair.once()->signal(SIGKILL);
    if (pair.await(Clock::now() + patience)) return;
    refuse_unendable(holder, waiting.conflict_status());
    // The leader dies with its keeper; the rest is found by its mark when we have the lease.
    if (pair.keeper()) (void)pair.keeper()->signal(SIGKILL);
    (void)pair.await(std::nullopt);
}

void await_end(const Record& holder, Waiting& waiting, std::optional<TimePoint> deadline) {
    (void)Pair(holder, waiting).await(deadline);
}

}  // namespace once::claim
