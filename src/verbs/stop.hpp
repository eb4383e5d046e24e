#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ending.hpp"
#include "base/failure.hpp"
#include "verbs/voice.hpp"

namespace once::verbs {

/// `once stop [TARGET]...`: end jobs, and what crashed ones left.
struct StopRequest {
    std::vector<std::string> targets;  ///< ports or names
    bool all = false;
    bool stale_only = false;  ///< --stale: only what crashed jobs left
    bool force = false;       ///< strangers on a port too, where that is safe
    bool dry_run = false;
    int conflict_status = exit_status::conflict;
    VoiceSettings voice;
};

/// Asks the holding `once` of each job to end, and waits until nobody is left and its ports are
/// free; sweeps what crashed jobs left. `begun` is in ns since boot. Exits 0 if all that was named
/// was stopped, 1 if there was nothing to stop; throws a Failure (75) for what must not be ended.
Ending stop(const StopRequest& wish, const Voice& voice, std::uint64_t begun);

}  // namespace once::verbs
