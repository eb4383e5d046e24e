#pragma once

#include <string>
#include <vector>

#include "claim/claim.hpp"

namespace once::claim {

/// What `admit` would do, in lines of words, without doing anything. Throws what it would throw.
std::vector<std::string> foresee(const Claim& claim);

}  // namespace once::claim
