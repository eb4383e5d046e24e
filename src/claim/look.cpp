#include "claim/look.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/failure.hpp"
#include "base/log.hpp"
#include "claim/description.hpp"
#include "claim/holder.hpp"
#include "claim/leftovers.hpp"
#include "claim/traces.hpp"
#include "claim/verdict.hpp"

namespace once::claim {
namespace {

class Looking {
public:
    Looking(const Claim& claim, const os::StateFolder& folder, const Say& warn)
        : claim_(claim), folder_(folder), warn_(warn) {}

    Look run() {
        for (const auto& slot : claim_.slots) look_at_slot(slot);
        return std::move(look_);
    }

private:
    void look_at_slot(const Slot& slot) {
        auto lock = folder_.try_lock(lock_file(slot, claim_.self));
        auto traces = read_traces(folder_, slot, claim_.self, lock ? &*lock : nullptr);
        if (traces.is_damaged) {
            warn_(
                fmt::format("the record '{}/{}' is damaged or from another version; it is ignored",
                            folder_.path(), record_file(slot, claim_.self)));
        }
        if (traces.holder && is_our_ancestor(*traces.holder)) {
            if (claim_.detaches) {
                throw Failure(claim_.conflict_status, detached_refusal(slot, *traces.holder));
            }
            log::debug("{} is held by {}, from which we descend", slot.text(),
                       describe(*traces.holder));
            return;
        }
        look_.slots.push_back(slot);
        // The lock decides. But a lock file that somebody removed while it was held lets us in
        // although the holder lives: then its record and its leader's mark tell.
        const bool is_here = traces.holder && is_readable_here(*traces.holder);
        const bool has_living = lock && is_here && proven(*traces.holder, std::nullopt);
        if (!lock || has_living) {
            if (!lock) drop_unproven(slot, traces.holder);
            look_.obstacles.push_back({slot, std::move(traces.holder)});
            return;
        }
        if (traces.holder && !is_here) {
            warn_(
                fmt::format("the record of {} tells of a job in another container, which is gone; "
                            "it is ignored",
                            slot.text()));
        } else if (traces.holder) {
            traces.crashed.push_back(std::move(*traces.holder));  // its pids are somebody else's
        }
        look_.locks.push_back(std::move(*lock));
        for (auto& crashed : traces.crashed) {
            refuse_foreign_leftovers(claim_, crashed);
            look_.crashed.push_back(std::move(crashed));
        }
        if (auto next = rival(slot)) look_.obstacles.push_back({slot, std::move(next)});
    }

    // Whoever holds the lock has its file open. Nobody else is asked to end, whatever a record
    // says.
    void drop_unproven(const Slot& slot, std::optional<Record>& holder) const {
        if (!holder || !is_readable_here(*holder)) return;
        const auto file = folder_.identify(lock_file(slot, claim_.self));
        if (file) holder = proven(std::move(*holder), file);
    }

    // Another launch that has announced itself for this slot, and counts for us.
    [[nodiscard]] std::optional<Record> rival(const Slot& slot) {
        auto next = read_announcement(folder_, slot, claim_.self);
        if (next && !os::is_alive(next->once)) {
            look_.abandoned.push_back(slot);
            return std::nullopt;
        }
        // Under --replace an older one gives way to us, and need not be waited for.
        const bool is_older = next && next->begun < claim_.self.begun;
        if (claim_.policy == Policy::replace && is_older) return std::nullopt;
        return next;
    }

    const Claim& claim_;
    const os::StateFolder& folder_;
    const Say& warn_;
    Look look_;
};

}  // namespace

bool Look::is_obstructed(const Slot& slot) const {
    return std::any_of(obstacles.begin(), obstacles.end(),
                       [&](const Obstacle& obstacle) { return obstacle.slot == slot; });
}

Look look_at(const Claim& claim, const os::StateFolder& folder, const Say& warn) {
    return Looking(claim, folder, warn).run();
}

}  // namespace once::claim
