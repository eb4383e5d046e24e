#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ending.hpp"
#include "verbs/voice.hpp"

namespace once::verbs {

/// `once status [TARGET]...`: who holds what.
struct StatusRequest {
    std::vector<std::string> targets;  ///< ports or names; none: all
    bool as_json = false;
    bool with_trees = false;        ///< -v
    std::optional<Duration> pause;  ///< --watch: draw again after this
    VoiceSettings voice;
};

/// Prints the holders on stdout: a table, or their records as a JSON array. Exits 0 if all of them
/// are well, 1 if one is not, or if a target is not held.
Ending status(const StatusRequest& wish, const Voice& voice);

}  // namespace once::verbs
