#pragma once

#include <functional>
#include <string>
#include <variant>

#include "claim/claim.hpp"
#include "claim/lease.hpp"
#include "claim/waiting.hpp"

namespace once::claim {

/// A healthy holder was found, and is to be used: nothing is launched.
struct Reused {
    Record holder;
};

/// Gets hold of all slots or of none, and sees to it that the ports are free: as the policy says,
/// refuses, waits, or asks the previous holder to end and takes its place. Newest wins: a launch
/// that meets one which began later gives way to it. Throws a Failure with the conflict status for
/// what is refused, and one with a signal's ending if we are asked to end meanwhile.
std::variant<Lease, Reused> admit(const Claim& claim, Waiting& waiting, const Say& say);

}  // namespace once::claim
