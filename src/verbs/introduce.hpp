#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "claim/record.hpp"

namespace once::verbs {

/// What we say of ourselves to whoever meets us at a slot: who we are, for what, since when.
/// `folder` may be empty: where we are. `begun` is in ns since boot. Claims nothing yet. Throws a
/// Failure for a folder that is not there.
claim::Record introduce(const std::vector<std::string>& command, const std::string& folder,
                        std::uint64_t begun);

}  // namespace once::verbs
