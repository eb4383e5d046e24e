#pragma once
// Stands in for src/base/clock.hpp: the same words, and a clock that only the script turns.

#include <chrono>

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

}  // namespace once
