#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "claim/claim.hpp"
#include "claim/lease.hpp"
#include "claim/waiting.hpp"

namespace once::claim {

/// How the slots came to be ours.
struct Circumstances {
    std::vector<Record> crashed;             ///< had them; their once and keeper are gone
    std::map<std::string, Record> replaced;  ///< had them, and were ended for us; by job
    std::optional<TimePoint> deadline;       ///< of --wait; none: for ever
};

/// Makes the slots that `lease` holds usable: sweeps what crashed jobs have left, ends with --force
/// who listens on the ports, and waits until these are free. Throws a Failure with the claim's
/// conflict status if one cannot be made free, or if we are asked to end meanwhile.
void settle(const Claim& claim, Lease& lease, const Circumstances& how, Waiting& waiting,
            const Say& say);

}  // namespace once::claim
