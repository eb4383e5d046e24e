#include "job/limits.hpp"

#include "job/offspring.hpp"
#include "os/process.hpp"

namespace once::job {
namespace {

constexpr Duration between_weighings = std::chrono::seconds(2);

}  // namespace

Limits::Limits(const LimitsPlan& plan, TimePoint launched) : plan_(plan) {
    if (plan_.memory) next_weighing_ = launched + between_weighings;
    if (plan_.ttl) end_ = launched + *plan_.ttl;
}

std::optional<TimePoint> Limits::next() const {
    if (!next_weighing_ || !end_) return next_weighing_ ? next_weighing_ : end_;
    return std::min(*next_weighing_, *end_);
}

std::optional<TooLarge> Limits::weigh(TimePoint now, int subreaper) {
    if (!next_weighing_ || now < *next_weighing_) return std::nullopt;
    next_weighing_ = now + between_weighings;
    std::uint64_t memory = 0;
    for (const int pid : pids_below(subreaper)) memory += os::memory_of(pid);
    if (memory <= *plan_.memory) return std::nullopt;
    return TooLarge{memory, *plan_.memory};
}

std::optional<TooOld> Limits::age(TimePoint now) const {
    if (!end_ || now < *end_) return std::nullopt;
    return TooOld{*plan_.ttl};
}

void Limits::finish() {
    next_weighing_.reset();
    end_.reset();
}

}  // namespace once::job
