#pragma once

#include <chrono>

namespace once {

/// The one clock that waiting is measured by. It is handed in as `now`, so that tests can turn it.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = std::chrono::milliseconds;

}  // namespace once
