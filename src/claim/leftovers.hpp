#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "claim/claim.hpp"
#include "claim/holder.hpp"
#include "claim/record.hpp"
#include "claim/waiting.hpp"
#include "job/offspring.hpp"

namespace once::claim {

/// Ends all that `look` finds, as a keeper would: asks, and kills after `timeout`, until nobody is
/// found any more. Throws if we are asked to end ourselves meanwhile (by the same signal), or if
/// somebody does not go (75); `whose` says then what it belongs to.
void sweep(const std::function<job::Offspring()>& look, Duration timeout, Waiting& waiting,
           std::string_view whose);

/// Ends them, as a keeper would: asks, and kills after the crashed job's stop timeout. Throws if we
/// are asked to end ourselves meanwhile (by the same signal), or if somebody does not go (75).
void sweep_leftovers(const Record& crashed, Waiting& waiting);

/// Throws (75) for leftovers in another folder: they are not ours to sweep, as a holder there is
/// not ours to end.
void refuse_foreign_leftovers(const Claim& claim, const Record& crashed);

}  // namespace once::claim
