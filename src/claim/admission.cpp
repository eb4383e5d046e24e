#include "claim/admission.hpp"

#include <algorithm>

#include "base/failure.hpp"
#include "base/log.hpp"
#include "claim/announcement.hpp"
#include "claim/description.hpp"
#include "claim/dying.hpp"
#include "claim/eviction.hpp"
#include "claim/force.hpp"
#include "claim/gate.hpp"
#include "claim/look.hpp"
#include "claim/port.hpp"
#include "claim/settlement.hpp"
#include "claim/starter.hpp"
#include "claim/traces.hpp"
#include "claim/verdict.hpp"
#include "claim/waiting.hpp"
#include "claim/war.hpp"

namespace once::claim {
namespace {

// How long a lock may be held by somebody of whom nothing is known: who is about to write his
// record, or has just erased it, needs a moment only.
constexpr Duration patience_with_unknown = std::chrono::seconds(2);
constexpr Duration first_pause = std::chrono::milliseconds(1);
constexpr Duration longest_pause = std::chrono::milliseconds(64);

// What to do about the obstacles, once the gate is open again.
struct Reaction {
    Obstacle first;
    std::vector<Record> evicted;
    std::vector<Record> awaited;
    bool is_unknown = false;
};

// Who holds several slots is asked to end once.
bool is_among(const Record& holder, const std::vector<Record>& holders) {
    return std::any_of(holders.begin(), holders.end(),
                       [&](const Record& one) { return one.job == holder.job; });
}

class Admission {
public:
    Admission(const Claim& claim, Waiting& waiting, const Say& say)
        : claim_(claim),
          waiting_(waiting),
          say_(say),
          folder_(std::make_shared<const os::StateFolder>(
              os::StateFolder::make(os::state_path(), claim.self.boot))) {
        if (claim_.patience) circumstances_.deadline = Clock::now() + *claim_.patience;
        std::sort(claim_.slots.begin(), claim_.slots.end());
        log::debug("begun {} ns after boot", claim_.self.begun);
    }

    std::variant<Lease, Reused> run() {
        while (true) {
            auto lease = attempt();
            if (lease) {
                settle(claim_, *lease, circumstances_, waiting_, say_);
                return std::move(*lease);
            }
            if (reused_) return Reused{*reused_};
        }
    }

private:
    // --- under the gate ------------------------------------------------------------------------

    std::optional<Lease> attempt() {
        std::optional<Reaction> reaction;
        {
            const auto gate = take_gate(*folder_, waiting_);
            auto look = look_at(claim_, *folder_, [this](const auto& line) { warn(line); });
            if (look.obstacles.empty()) return take(std::move(look));
            reaction = react(look);
        }
        carry_out(*reaction);
        return std::nullopt;
    }

    Lease take(Look look) {
        auto self = claim_.self;
        for (const auto& crashed : look.crashed) {
            self.inherited.insert(self.inherited.end(), crashed.inherited.begin(),
                                  crashed.inherited.end());
            self.inherited.push_back(crashed.job);
        }
        circumstances_.crashed = std::move(look.crashed);
        announcement_.reset();
        for (const auto& slot : look.abandoned) {
            folder_->remove(successor_file(slot, claim_.self));
        }
        return Lease(folder_, std::move(look.slots), std::move(look.locks), std::move(self));
    }

    // One word about the state folder is enough.
    void warn(const std::string& line) {
        if (!std::exchange(has_warned_, true)) say_(line);
    }

    void announce(const Slot& slot) {
        look_up_starter();  // whom we wait for will name us
        if (!announcement_) announcement_.emplace(*folder_, claim_.self);
        announcement_->make(slot);
    }

    // --- somebody is in the way ----------------------------------------------------------------

    // Judges them under the gate; throws for what is refused.
    Reaction react(const Look& look) {
        const auto& obstacles = look.obstacles;
        Reaction reaction{obstacles.front(), {}, {}, false};
        for (const auto& obstacle : obstacles) {
            if (!obstacle.record) {
                reaction.is_unknown = true;
                continue;
            }
            const auto& holder = *obstacle.record;
            const auto state = state_of(holder);
            switch (judge(claim_, holder, state)) {
                case Verdict::evict:
                    refuse_war(obstacle.slot, holder);
                    if (!is_among(holder, reaction.evicted)) reaction.evicted.push_back(holder);
                    break;
                case Verdict::await:
                    // Whom we cannot see we cannot wait for by name.
                    if (state == State::elsewhere) reaction.is_unknown = true;
                    reaction.awaited.push_back(holder);
                    break;
                case Verdict::reuse:
                    reused_ = holder;
                    break;
                case Verdict::refuse:
                case Verdict::foreign:
                case Verdict::unknowable:
                case Verdict::give_way:
                    throw Failure(claim_.conflict_status,
                                  refusal(obstacle.slot, holder, judge(claim_, holder, state)));
            }
        }
        if (reused_ && !look.locks.empty()) refuse_partial(look);
        if (!reaction.evicted.empty()) {
            refuse_for_other_ports(look);
            for (const auto& obstacle : obstacles) announce(obstacle.slot);
        }
        return reaction;
    }

    // What is running does only a part of what was asked for: that is no answer to --reuse.
    [[noreturn]] void refuse_partial(const Look& look) const {
        std::vector<Slot> missing;
        for (const auto& slot : look.slots) {
            if (!look.is_obstructed(slot)) missing.push_back(slot);
        }
        throw Failure(claim_.conflict_status,
                      partial_refusal(look.obstacles.front().slot, *reused_, missing));
    }

    // Nobody is ended for a launch that then fails at another of its ports.
    void refuse_for_other_ports(const Look& look) const {
        if (claim_.self.verb == Verb::stop) return;
        for (const auto& slot : look.slots) {
            if (slot.number() == 0) continue;
            const auto reason = past_the_dying(waiting_, [&] { return why_not_ours(look, slot); });
            if (reason) throw Failure(claim_.conflict_status, *reason);
        }
    }

    // Why a port would not be free although all holders and leftovers are gone.
    [[nodiscard]] std::optional<std::string> why_not_ours(const Look& look,
                                                          const Slot& slot) const {
        const auto port = slot.number();
        for (const auto& obstacle : look.obstacles) {
            if (!(obstacle.slot == slot) || !obstacle.record) continue;
            // The one listener is the holder's, as it has found itself: no need to look for it.
            const bool is_plain = obstacle.record->ready_since && os::listeners(port).size() < 2;
            return is_plain ? std::nullopt
                            : why_others_stay(port, obstacle.record->job, claim_.force);
        }
        if (look.is_obstructed(slot)) return std::nullopt;
        const auto claims = [&](const Record& crashed) {
            return std::find(crashed.ports.begin(), crashed.ports.end(), port) !=
                   crashed.ports.end();
        };
        if (std::any_of(look.crashed.begin(), look.crashed.end(), claims)) return std::nullopt;
        return claim_.force ? why_not_endable(port) : why_not_free(port);
    }

    // Two that take the slot from each other for ever are stopped by refusing one.
    void refuse_war(const Slot& slot, const Record& holder) {
        if (claim_.self.verb == Verb::stop) return;
        look_up_starter();
        if (const auto war = war_text(holder, claim_.self.starter, seconds_since_1970())) {
            throw Failure(claim_.conflict_status,
                          fmt::format("{} is held by {}\n{}", slot.text(), describe(holder), *war));
        }
    }

    void look_up_starter() {
        if (claim_.self.starter.id.started == 0) claim_.self.starter = own_starter();
    }

    void carry_out(const Reaction& reaction) {
        // One that is unhealthy beside one that is not: it has to go first.
        if (reused_ && (!reaction.evicted.empty() || !reaction.awaited.empty())) reused_.reset();
        if (reused_) return;
        if (reaction.is_unknown) return await_unknown(reaction.first);
        unknown_since_.reset();
        if (!reaction.evicted.empty()) return evict(reaction.evicted);
        await(reaction.first, reaction.awaited);
    }

    void await_unknown(const Obstacle& obstacle) {
        const auto now = Clock::now();
        if (!unknown_since_) unknown_since_ = now;
        unknown_pause_ = std::min(2 * unknown_pause_, longest_pause);
        if (now - *unknown_since_ > patience_with_unknown && claim_.policy != Policy::wait) {
            throw Failure(
                claim_.conflict_status,
                fmt::format("{} is locked by a process that left no record; `lslocks` tells "
                            "who has '{}/{}'",
                            obstacle.slot.text(), folder_->path(),
                            lock_file(obstacle.slot, claim_.self)));
        }
        check_deadline(obstacle);
        pass_time(unknown_pause_);
    }

    void evict(const std::vector<Record>& holders) {
        for (const auto& holder : holders) {
            log::debug("asking {} to end", describe(holder));
            ask_holder(holder);
        }
        for (const auto& holder : holders) {
            end_asked_holder(holder, waiting_, say_);
            circumstances_.replaced.insert_or_assign(holder.job, holder);
            claim_.self.changes = changes_after(holder, seconds_since_1970());
        }
    }

    void await(const Obstacle& obstacle, const std::vector<Record>& holders) {
        check_deadline(obstacle);
        if (!has_told_waiting_) {
            has_told_waiting_ = true;
            say_(fmt::format("waiting for {}, held by {}", obstacle.slot.text(),
                             describe(holders.front())));
        }
        auto until = circumstances_.deadline;
        if (claim_.policy == Policy::reuse) {
            // Its becoming healthy is seen by looking: at doubling intervals, as its own once does.
            health_pause_ = std::min(2 * health_pause_, Duration(std::chrono::seconds(1)));
            until = Clock::now() + health_pause_;
        }
        await_end(holders.front(), waiting_, until);
    }

    void check_deadline(const Obstacle& obstacle) const {
        if (!circumstances_.deadline || Clock::now() < *circumstances_.deadline) return;
        const auto who = obstacle.record ? describe(*obstacle.record) : "somebody";
        throw Failure(claim_.conflict_status,
                      fmt::format("{} is still held by {}", obstacle.slot.text(), who));
    }

    // Lets signals end us while it waits.
    void pass_time(Duration pause) {
        const auto until = Clock::now() + pause;
        while (Clock::now() < until) (void)waiting_.next(until);
    }

    Claim claim_;
    Waiting& waiting_;
    const Say& say_;
    std::shared_ptr<const os::StateFolder> folder_;
    std::optional<TimePoint> unknown_since_;
    Duration unknown_pause_ = first_pause;
    Duration health_pause_ = std::chrono::milliseconds(10);
    std::optional<Record> reused_;
    Circumstances circumstances_;
    std::optional<Announcement> announcement_;
    bool has_warned_ = false;
    bool has_told_waiting_ = false;
};

}  // namespace

std::variant<Lease, Reused> admit(const Claim& claim, Waiting& waiting, const Say& say) {
    return Admission(claim, waiting, say).run();
}

}  // namespace once::claim
