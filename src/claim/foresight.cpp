#include "claim/foresight.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/failure.hpp"
#include "claim/description.hpp"
#include "claim/force.hpp"
#include "claim/gate.hpp"
#include "claim/leftovers.hpp"
#include "claim/port.hpp"
#include "claim/traces.hpp"
#include "claim/verdict.hpp"
#include "os/state_folder.hpp"

namespace once::claim {
namespace {

class Forecast {
public:
    Forecast(const Claim& claim, Waiting& waiting)
        : claim_(claim),
          waiting_(waiting),
          folder_(os::StateFolder::open(os::state_path(), claim.self.boot)) {}

    Foresight run() {
        for (const auto& slot : claim_.slots) foresee_slot(slot);
        if (reused_ && !free_.empty()) {
            throw Failure(claim_.conflict_status,
                          partial_refusal(reused_slot_.value(), *reused_, free_));
        }
        return {std::move(lines_), !reused_};
    }

private:
    void foresee_slot(const Slot& slot) {
        const auto traces = folder_ ? read_traces(*folder_, slot, claim_.self, nullptr) : Traces();
        if (traces.holder && is_our_ancestor(*traces.holder)) {
            if (claim_.detaches) {
                throw Failure(claim_.conflict_status, detached_refusal(slot, *traces.holder));
            }
            lines_.push_back("would run under the lease of " + describe(*traces.holder));
            return;
        }
        if (traces.holder && (is_readable_here(*traces.holder) || is_locked(slot))) {
            return foresee_holder(slot, *traces.holder);
        }
        free_.push_back(slot);
        if (!foresee_leftovers(traces.crashed) && slot.number() != 0) foresee_port(slot.number());
    }

    // Whether one of another container lives we cannot see: the lock tells. Nobody who looks at it
    // meanwhile takes us for its holder: he needs the gate.
    [[nodiscard]] bool is_locked(const Slot& slot) const {
        const auto gate = take_gate(*folder_, waiting_);
        return !folder_->try_lock(lock_file(slot, claim_.self));
    }

    void foresee_holder(const Slot& slot, const Record& holder) {
        const auto verdict = judge(claim_, holder, state_of(holder));
        const char* what = verdict == Verdict::evict   ? "replace"
                           : verdict == Verdict::reuse ? "use"
                           : verdict == Verdict::await ? "wait for"
                                                       : nullptr;
        if (what == nullptr) throw Failure(claim_.conflict_status, refusal(slot, holder, verdict));
        if (verdict == Verdict::reuse) {
            reused_ = holder;
            reused_slot_ = slot;
        }
        if (verdict == Verdict::evict && slot.number() != 0) {
            const auto stays = why_others_stay(slot.number(), holder.job, claim_.force);
            if (stays) throw Failure(claim_.conflict_status, *stays);
        }
        lines_.push_back(
            fmt::format("would {} {}, which holds {}", what, describe(holder), slot.text()));
    }

    // False if nothing is left.
    bool foresee_leftovers(const std::vector<Record>& crashed) {
        for (const auto& one : crashed) {
            refuse_foreign_leftovers(claim_, one);
            const auto left = leftovers_of(one).job;
            if (left.empty()) continue;
            lines_.push_back(fmt::format("would sweep what a crashed '{}' left behind: pid {}",
                                         command_text(one.command), pids_text(left)));
            return true;
        }
        return false;
    }

    void foresee_port(os::Port port) {
        const auto reason = claim_.force ? why_not_endable(port) : why_not_free(port);
        if (reason && claim_.policy != Policy::wait) throw Failure(claim_.conflict_status, *reason);
        if (reason) lines_.push_back("would wait: " + *reason);
        if (!claim_.force) return;
        for (auto& line : foresee_end(port)) lines_.push_back(std::move(line));
    }

    const Claim& claim_;
    Waiting& waiting_;
    std::optional<os::StateFolder> folder_;
    std::vector<std::string> lines_;
    std::optional<Record> reused_;
    std::optional<Slot> reused_slot_;
    std::vector<Slot> free_;
};

}  // namespace

Foresight foresee(const Claim& claim, Waiting& waiting) { return Forecast(claim, waiting).run(); }

}  // namespace once::claim
