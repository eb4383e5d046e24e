#pragma once

#include <chrono>
#include <cstdint>

namespace once {

/// The one clock that waiting is measured by. It is handed in as `now`, so that tests can turn it.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = std::chrono::milliseconds;

/// Now, in seconds since 1970: for what is written down.
inline std::int64_t seconds_since_1970() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace once
