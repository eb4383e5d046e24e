#pragma once

#include <cstdint>
#include <string>

#include "base/ending.hpp"
#include "verbs/voice.hpp"

namespace once::verbs {

/// `once logs TARGET`: what a detached job wrote.
struct LogsRequest {
    std::string target;        ///< a port or a name
    bool follow = false;       ///< go on until the job ends
    std::uint64_t lines = 20;  ///< so many from the end, to begin with
    VoiceSettings voice;
};

/// Prints the last lines of its log on stdout, also when the job has ended and its log is the usual
/// one. Exits 0, or 1 if there is no log.
Ending logs(const LogsRequest& wish, const Voice& voice);

}  // namespace once::verbs
