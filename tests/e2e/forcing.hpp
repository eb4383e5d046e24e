#pragma once
// What the tests of --force share.

#include <string>

#include "holding.hpp"

namespace once::test {

/// `actor listen PORT` on the scenario's port, for shells.
std::string listener(Scenario& scene);

/// Both ways to say --force at the scenario's port.
Command launch_by_force(Scenario& scene);
Command stop_by_force(Scenario& scene);

/// By SIGKILL; waits until it is gone.
void end(pid_t pid);

}  // namespace once::test
