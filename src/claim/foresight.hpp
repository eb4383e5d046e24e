#pragma once

#include <string>
#include <vector>

#include "claim/claim.hpp"
#include "claim/waiting.hpp"

namespace once::claim {

/// What `admit` would do, in lines of words, without doing anything. Throws what it would throw.
struct Foresight {
    std::vector<std::string> lines;
    bool would_launch = true;  ///< false if a holder would be used instead
};
Foresight foresee(const Claim& claim, Waiting& waiting);

}  // namespace once::claim
