#pragma once

#include "base/ending.hpp"
#include "os/sockets.hpp"
#include "verbs/voice.hpp"

namespace once::verbs {

/// `once who PORT`: who listens there, why that is so, and what ends it properly.
struct WhoRequest {
    os::Port port = 0;
    bool as_json = false;
    VoiceSettings voice;
};

/// Prints it on stdout, as text or as one JSON object. Exits 0 if somebody has the port, 1 if it is
/// free.
Ending who(const WhoRequest& wish);

}  // namespace once::verbs
