#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "claim/claim.hpp"
#include "claim/waiting.hpp"
#include "os/sockets.hpp"

namespace once::claim {

/// Who listens on the port and must not be ended, in words; nothing if nobody is.
std::optional<std::string> why_guarded(os::Port port);

/// Why not everybody who listens on the port can be ended, in words; nothing if all can, or if
/// nobody does. Jobs of `once` can, strangers where nothing guards them (see guard_of).
std::optional<std::string> why_not_endable(os::Port port);

/// Why somebody would keep listening on the port when the job with the id `holder` is gone, in
/// words: with `force` because he is guarded, without it because he is there. Nothing if nobody
/// would.
std::optional<std::string> why_others_stay(os::Port port, const std::string& holder, bool force);

/// What `end_listeners` would do, a line for each job.
std::vector<std::string> foresee_end(os::Port port);

/// Ends everybody who listens on a port, whole jobs: jobs of `once` through their `once`, of others
/// the root first, so that a watcher ends its worker itself, and after `timeout` the rest, by force
/// when it has had as much. Then watches the port for half a second, in case that somebody starts
/// it again. Throws a Failure with `conflict_status`, before anybody was signalled, if one of them
/// must not be ended; afterwards, if the port was taken again; or if we are asked to end meanwhile.
void end_listeners(os::Port port, Duration timeout, int conflict_status, Waiting& waiting,
                   const Say& say);

}  // namespace once::claim
