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

}  // namespace once::job
