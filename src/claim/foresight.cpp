#include "claim/foresight.hpp"

#include <fmt/format.h>

#include "base/failure.hpp"
#include "claim/description.hpp"
#include "claim/force.hpp"
#include "claim/leftovers.hpp"
#include "claim/port.hpp"
#include "claim/traces.hpp"
#include "claim/verdict.hpp"
#include "os/state_folder.hpp"

namespace once::claim {
namespace {

std::string foresee_holder(const Claim& claim, const Slot& slot, const Record& holder,
                           bool& would_launch) {
    const auto verdict = judge(claim, holder, state_of(holder));
    const char* what = verdict == Verdict::evict   ? "replace"
                       : verdict == Verdict::reuse ? "use"
                       : verdict == Verdict::await ? "wait for"
                                                   : nullptr;
    if (verdict == Verdict::reuse) would_launch = false;
    if (what == nullptr) throw Failure(claim.conflict_status, refusal(slot, holder, verdict));
    return fmt::format("would {} {}, which holds {}", what, describe(holder), slot.text());
}

std::optional<std::string> foresee_leftovers(const Claim& claim,
                                             const std::vector<Record>& crashed) {
    for (const auto& one : crashed) {
        refuse_foreign_leftovers(claim, one);
        const auto left = leftovers_of(one).job;
        if (left.empty()) continue;
        return fmt::format("would sweep what a crashed '{}' left behind: pid {}",
                           command_text(one.command), pids_text(left));
    }
    return std::nullopt;
}

void foresee_port(const Claim& claim, os::Port port, std::vector<std::string>& lines) {
    const auto reason = claim.force ? why_not_endable(port) : why_not_free(port);
    if (reason && claim.policy != Policy::wait) throw Failure(claim.conflict_status, *reason);
    if (reason) lines.push_back("would wait: " + *reason);
    if (claim.force) {
        const auto ends = foresee_end(port);
        lines.insert(lines.end(), ends.begin(), ends.end());
    }
}

}  // namespace

Foresight foresee(const Claim& claim) {
    Foresight foresight;
    auto& lines = foresight.lines;
    const auto folder = os::StateFolder::open(os::state_path(), claim.self.boot);
    for (const auto& slot : claim.slots) {
        const auto traces = folder ? read_traces(*folder, slot, claim.self, nullptr) : Traces();
        if (traces.holder && is_our_ancestor(*traces.holder)) {
            lines.push_back("would run under the lease of " + describe(*traces.holder));
        } else if (traces.holder && is_readable_here(*traces.holder)) {
            lines.push_back(foresee_holder(claim, slot, *traces.holder, foresight.would_launch));
        } else if (auto line = foresee_leftovers(claim, traces.crashed)) {
            lines.push_back(std::move(*line));
        } else if (slot.number() != 0) {
            foresee_port(claim, slot.number(), lines);
        }
    }
    return foresight;
}

}  // namespace once::claim
