#pragma once

#include "claim/claim.hpp"
#include "claim/holdings.hpp"
#include "claim/waiting.hpp"

namespace once::claim {

/// Asks the `once` of a running job to end its command and to launch it again, and waits until it
/// runs, or is ready if it was launched with --ready. `self` is who asks. Throws a Failure with
/// `conflict_status` for a job that cannot be asked, which is then left as it is; with 69 if it
/// ended instead; and whatever `waiting` throws.
void restart(Holding holding, const Record& self, int conflict_status, Waiting& waiting);

}  // namespace once::claim
