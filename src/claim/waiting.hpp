#pragma once

#include <optional>

#include "base/clock.hpp"
#include "os/events.hpp"

namespace once::claim {

class Lease;

/// Waiting before the launch: a signal that asks us to end ends us then and there, cleanly, since
/// nothing has been started yet.
class Waiting {
public:
    Waiting(os::Events& events, int conflict_status)
        : events_(events), conflict_status_(conflict_status) {}

    /// The next event that is none of those. Throws a Failure with the signal's ending for HUP,
    /// INT, QUIT and TERM; with the conflict status and a word if it is a newer launch that sent
    /// it.
    os::Event next(std::optional<TimePoint> deadline);

    /// Throws likewise if such a signal has come already; does not wait.
    void check();

    /// From now on we hold this, and a newer launch may ask us for it. Null: no more.
    void hold(const Lease* lease) { lease_ = lease; }

    [[nodiscard]] os::Events& events() { return events_; }

private:
    os::Events& events_;
    int conflict_status_;
    const Lease* lease_ = nullptr;
};

}  // namespace once::claim
