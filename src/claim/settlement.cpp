#include "claim/settlement.hpp"

#include <fmt/format.h>

#include "base/failure.hpp"
#include "claim/description.hpp"
#include "claim/dying.hpp"
#include "claim/force.hpp"
#include "claim/leftovers.hpp"
#include "claim/port.hpp"
#include "os/pid_file.hpp"

namespace once::claim {
namespace {

// After a job of ours was ended its port is free as soon as the kernel is done with it.
constexpr Duration patience_with_kernel = std::chrono::seconds(2);

// While we make them usable a newer launch may ask us for the slots.
class Hold {
public:
    Hold(Waiting& waiting, const Lease& lease) : waiting_(waiting) { waiting_.hold(&lease); }
    ~Hold() { waiting_.hold(nullptr); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

private:
    Waiting& waiting_;
};

class Settlement {
public:
    Settlement(const Claim& claim, const Circumstances& how, Waiting& waiting, const Say& say)
        : claim_(claim), how_(how), waiting_(waiting), say_(say) {}

    void run(Lease& lease) {
        for (const auto& crashed : how_.crashed) recover(crashed);
        lease.settle();
        const char* what = claim_.self.verb == Verb::stop ? "stopped " : "replaced ";
        for (const auto& [job, holder] : how_.replaced) say_(what + describe(holder));
        refuse_guarded(lease.slots());
        for (const auto& slot : lease.slots()) {
            if (slot.number() != 0) clear(slot.number());
        }
        waiting_.check();  // what came meanwhile ends us before the launch
    }

private:
    // No stranger is ended for a launch that then fails at another of its ports.
    void refuse_guarded(const std::vector<Slot>& slots) const {
        if (!claim_.force || slots.size() < 2) return;
        for (const auto& slot : slots) {
            if (slot.number() == 0) continue;
            const auto reason =
                past_the_dying(waiting_, [&] { return why_guarded(slot.number()); });
            if (reason) throw Failure(claim_.conflict_status, *reason);
        }
    }

    void recover(const Record& crashed) {
        auto left = leftovers_of(crashed).job;
        // After us nobody looks for them any more: whom one look has missed another one sees.
        if (left.empty()) left = leftovers_of(crashed).job;
        if (!left.empty()) sweep(crashed, left);
        await_dying(waiting_);  // of that job, too
        if (!crashed.pid_file.empty()) os::remove_stale_pid_file(crashed.pid_file);
    }

    void sweep(const Record& crashed, const std::vector<os::ProcessFacts>& left) {
        say_(fmt::format("sweeping {} that a crashed '{}' left behind: pid {}",
                         left.size() == 1 ? "a process" : "processes",
                         command_text(crashed.command), pids_text(left)));
        sweep_leftovers(crashed, waiting_);
        has_ended_any_ = true;
    }

    void clear(os::Port port) {
        auto reason = past_the_dying(waiting_, [&] { return why_not_free(port); });
        if (reason && claim_.force) {
            end_listeners(port, claim_.self.stop_timeout, claim_.conflict_status, waiting_, say_);
            has_ended_any_ = true;
        }
        if (!reason) return;
        const bool was_ours = has_ended_any_ || !how_.replaced.empty();
        std::optional<TimePoint> until;
        if (claim_.policy == Policy::wait) {
            say_("waiting: " + reason->substr(0, reason->find('\n')));
            until = how_.deadline;
        } else {
            until = Clock::now() + (was_ours ? patience_with_kernel : Duration(0));
        }
        if (await_free(port, waiting_, until)) return;
        reason = why_not_free(port);
        if (!reason) return;
        throw Failure(claim_.conflict_status, *reason);
    }

    const Claim& claim_;
    const Circumstances& how_;
    Waiting& waiting_;
    const Say& say_;
    bool has_ended_any_ = false;
};

}  // namespace

void settle(const Claim& claim, Lease& lease, const Circumstances& how, Waiting& waiting,
            const Say& say) {
    const Hold hold(waiting, lease);
    Settlement(claim, how, waiting, say).run(lease);
}

}  // namespace once::claim
