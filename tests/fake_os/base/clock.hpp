#pragma once
// Stands in for src/base/clock.hpp: the same words, and a clock that only the script turns.

#include <chrono>
#include <cstdint>

namespace once {

struct Clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<Clock>;
    static constexpr bool is_steady = true;
    static time_point now() noexcept;
};
using TimePoint = Clock::time_point;
using Duration = std::chrono::milliseconds;

inline std::int64_t seconds_since_1970() {
    return std::chrono::duration_cast<std::chrono::seconds>(Clock::now().time_since_epoch())
        .count();
}

}  // namespace once
