#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "claim/waiting.hpp"
#include "os/sockets.hpp"

namespace once::claim {

/// Nobody listens, and a bind test passes.
bool is_free(os::Port port);

/// Why a port is not free, in words; nothing if it is.
std::optional<std::string> why_not_free(os::Port port);

/// Waits until the port is free. Woken by the kernel's news of destroyed sockets. Answers true when
/// it is free, false at the deadline; without one it waits for ever. Throws if we are asked to end
/// meanwhile.
bool await_free(os::Port port, Waiting& waiting, std::optional<TimePoint> deadline);

}  // namespace once::claim
