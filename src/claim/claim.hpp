#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "claim/record.hpp"
#include "claim/slot.hpp"

namespace once::claim {

/// What to do when a slot is held.
enum class Policy { replace, refuse, reuse, wait };

/// What a launch wants to hold, and how.
struct Claim {
    std::vector<Slot> slots;
    Policy policy = Policy::replace;
    std::optional<Duration> patience;  ///< with Policy::wait; for ever without it
    bool force = false;  ///< end holders of another folder too, and strangers where that is safe
    int conflict_status = 75;
    Record self;                 ///< who we are: once, folder, command, begun, …
    bool spares_living = false;  ///< only what crashed jobs have left is meant
    bool detaches = false;       ///< it goes to the background

    /// Whoever says `once stop` means it, from whatever folder.
    [[nodiscard]] bool ends_other_folders() const { return force || self.verb == Verb::stop; }
};

/// Tells something that the user may want to know meanwhile, in one line.
using Say = std::function<void(const std::string&)>;

}  // namespace once::claim
