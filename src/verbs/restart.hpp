#pragma once

#include <cstdint>
#include <string>

#include "base/ending.hpp"
#include "base/failure.hpp"
#include "verbs/voice.hpp"

namespace once::verbs {

/// `once restart TARGET`: launch a running job's command again, under the same `once`.
struct RestartRequest {
    std::string target;  ///< a port or a name
    int conflict_status = exit_status::conflict;
    VoiceSettings voice;
};

/// 0 when it runs again, 1 if nobody holds the target. `begun`: in ns since boot.
Ending restart(const RestartRequest& wish, const Voice& voice, std::uint64_t begun);

}  // namespace once::verbs
