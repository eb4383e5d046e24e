#pragma once

#include <csignal>

#include "base/clock.hpp"

namespace once::job {

/// The steps from polite to final: the leader is sent `signal`; what is left when the leader is
/// gone is sent SIGTERM; and whoever is still there `timeout` after it was asked is killed.
struct StopPlan {
    int signal = SIGTERM;
    Duration timeout = std::chrono::seconds(5);
};

/// Does it ask to end whoever gets it, by convention?
inline bool asks_to_end(int signal) {
    return signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGTERM;
}

}  // namespace once::job
