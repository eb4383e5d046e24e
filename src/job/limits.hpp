#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace once::job {

/// How large and how old a job may become.
struct LimitsPlan {
    std::optional<std::uint64_t> memory;  ///< bytes, of all its processes together
    std::optional<Duration> ttl;
};

/// It has outgrown its limit: `memory` bytes where `limit` were allowed.
struct TooLarge {
    std::uint64_t memory = 0;
    std::uint64_t limit = 0;
};

/// It has outlived its time.
struct TooOld {
    Duration ttl{};
};

/// Watches the limits of a job, if it has any. Memory is looked at every two seconds.
class Limits {
public:
    Limits(const LimitsPlan& plan, TimePoint launched);

    [[nodiscard]] std::optional<TimePoint> next() const;
    /// It is time for a look: the memory of the job below `subreaper` if it is too much.
    std::optional<TooLarge> weigh(TimePoint now, int subreaper);
    [[nodiscard]] std::optional<TooOld> age(TimePoint now) const;
    void finish();

private:
    LimitsPlan plan_;
    std::optional<TimePoint> next_weighing_;
    std::optional<TimePoint> end_;
};

}  // namespace once::job
