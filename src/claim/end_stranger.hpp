#pragma once

#include "base/clock.hpp"
#include "claim/claim.hpp"
#include "claim/stranger.hpp"
#include "claim/waiting.hpp"

namespace once::claim {

/// Ends a whole job that `once` did not start: its roots are asked, so that a watcher ends its
/// worker itself; what is left after `timeout` is asked too, and killed when it has had as much.
/// Whom it ends is looked up anew once the roots are held by pidfds. Does nothing if the job of
/// `seen` has the port no more. Throws a Failure with `conflict_status`, before anybody was
/// signalled, if it must not be ended (see guard_of); or if we are asked to end meanwhile.
void end_stranger(const Stranger& seen, Duration timeout, int conflict_status, Waiting& waiting,
                  const Say& say);

}  // namespace once::claim
