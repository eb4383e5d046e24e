#pragma once

#include <optional>
#include <vector>

#include "claim/claim.hpp"
#include "os/state_folder.hpp"

namespace once::claim {

/// Somebody in our way: a holder, or a newer launch that waits for the same slot. Nothing is known
/// of a holder without a record.
struct Obstacle {
    Slot slot;
    std::optional<Record> record;
};

/// One look at all slots of a claim: either they are ours now, or somebody is in the way.
struct Look {
    std::vector<Slot> slots;  ///< without those that an ancestor of ours holds
    std::vector<os::Lock> locks;
    std::vector<Record> crashed;
    std::vector<Obstacle> obstacles;
    std::vector<Slot> abandoned;  ///< with the announcement of a launch that was killed

    /// Is somebody in the way at this one?
    [[nodiscard]] bool is_obstructed(const Slot& slot) const;
};

/// Tries all locks, and reads what is told of those that are held, or were when a launch crashed.
/// Made under the gate it stays true for as long as that is held. `warn` hears of records that are
/// ignored. Throws a Failure for leftovers of another folder.
Look look_at(const Claim& claim, const os::StateFolder& folder, const Say& warn);

}  // namespace once::claim
