#pragma once

#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "os/sockets.hpp"

namespace once::job {

/// How a claimed port stands, seen from a job.
struct PortLook {
    enum class Standing {
        silent,    ///< nobody listens
        ours,      ///< the job does
        unclear,   ///< a process of the job that we may not look into (sudo), or somebody invisible
        strangers  ///< somebody else does, and here is who
    };
    Standing standing = Standing::silent;
    os::Port port = 0;
    os::Socket listener;
    int stranger = 0;  ///< pid
};

/// Looks at a port for the job below `subreaper`.
PortLook look_at(os::Port port, int subreaper);

/// The ports on which the job below `subreaper` listens, sorted.
std::vector<os::Port> ports_of(int subreaper);

/// When to look at the ports of a fresh job: at doubling intervals from 20 ms, for 30 s at most.
/// Then never again. Where somebody waits for it to be ready `within` some time, for that long, and
/// at intervals that he will not feel.
class LookSchedule {
public:
    explicit LookSchedule(TimePoint launched, std::optional<Duration> within = {});

    [[nodiscard]] std::optional<TimePoint> next() const { return next_; }
    /// A look was made: plans the next one.
    void step(TimePoint now);
    /// What was seen has to be seen again soon, if need be a moment after the last look.
    void confirm(TimePoint now);
    void finish() { next_.reset(); }
    /// The job has had the time that a server needs: if it is elsewhere, that is worth a word.
    [[nodiscard]] bool has_settled(TimePoint now) const {
        return now - launched_ >= std::chrono::milliseconds(2500);
    }

private:
    TimePoint launched_;
    Duration at_most_;
    Duration longest_pause_;
    Duration pause_ = std::chrono::milliseconds(20);
    std::optional<TimePoint> next_;
};

}  // namespace once::job
