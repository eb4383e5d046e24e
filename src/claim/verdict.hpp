#pragma once

#include <string>

#include "claim/claim.hpp"
#include "claim/holder.hpp"

namespace once::claim {

/// What is to be done about a holder.
enum class Verdict {
    evict,       ///< ask it to end, and take its place
    refuse,      ///< the policy says so
    foreign,     ///< it belongs to another folder: left alone
    unknowable,  ///< it lives where we cannot see it (another container): left alone
    give_way,    ///< it began later than we did
    reuse,       ///< it is healthy: use it
    await        ///< wait until it is gone, or (with --reuse) until it is healthy
};

/// Decides; `state` is what the holder is found in.
Verdict judge(const Claim& claim, const Record& holder, State state);

/// The words for a verdict that ends the launch.
std::string refusal(const Slot& slot, const Record& holder, Verdict verdict);

/// The words for a launch that goes to the background, and descends from the holder: it would run
/// under the holder's right, and outlive that.
std::string detached_refusal(const Slot& slot, const Record& holder);

/// The words for a holder that would be used, but does not hold all that was asked for.
std::string partial_refusal(const Slot& slot, const Record& holder,
                            const std::vector<Slot>& missing);

}  // namespace once::claim
