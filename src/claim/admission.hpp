#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "claim/lease.hpp"
#include "claim/waiting.hpp"

namespace once::claim {

/// What to do when a slot is held.
enum class Policy { replace, refuse, reuse, wait };

/// What a launch wants to hold, and how.
struct Claim {
    std::vector<Slot> slots;
    Policy policy = Policy::replace;
    std::optional<Duration> patience;  ///< with Policy::wait; for ever without it
    int conflict_status = 75;
    Record self;  ///< who we are: once, folder, command, begun, …
};

/// A healthy holder was found, and is to be used: nothing is launched.
struct Reused {
    Record holder;
};

/// Tells something that the user may want to know meanwhile, in one line.
using Say = std::function<void(const std::string&)>;

/// Gets hold of all slots or of none, and sees to it that the ports are free: as the policy says,
/// refuses, waits, or asks the previous holder to end and takes its place. Newest wins: a launch
/// that meets one which began later gives way to it. Throws a Failure with the conflict status for
/// what is refused, and one with a signal's ending if we are asked to end meanwhile.
std::variant<Lease, Reused> admit(const Claim& claim, Waiting& waiting, const Say& say);

/// What `admit` would do, in lines of words, without doing anything. Throws what it would throw.
std::vector<std::string> foresee(const Claim& claim);

}  // namespace once::claim
