#pragma once

#include <optional>

#include "base/clock.hpp"
#include "os/events.hpp"
#include "os/process.hpp"

namespace once::claim {

class Lease;

/// Waiting before the launch: a signal that asks us to end ends us then and there, cleanly, since
/// nothing has been started yet; and so does the end of the parent that we shall end with.
class Waiting {
public:
    /// `parent`: the process with which we shall end, or null. It outlives this object.
    Waiting(os::Events& events, int conflict_status, const os::Process* parent);
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting();

    /// The next event that is none of those. Throws a Failure with the signal's ending for HUP,
    /// INT, QUIT and TERM; with the conflict status and a word if it is a newer launch that sent
    /// it.
    os::Event next(std::optional<TimePoint> deadline);

    /// Throws likewise if such a signal has come already; does not wait.
    void check();

    /// From now on signals are passed over: the job has ended, and nothing is left for them to
    /// stop.
    void turn_deaf() { is_deaf_ = true; }

    /// From now on we hold this, and a newer launch may ask us for it. Null: no more.
    void hold(const Lease* lease) { lease_ = lease; }

    [[nodiscard]] os::Events& events() { return events_; }

    /// For who cannot have what he waits for.
    [[nodiscard]] int conflict_status() const { return conflict_status_; }

private:
    os::Events& events_;
    int conflict_status_;
    const os::Process* parent_;
    bool is_deaf_ = false;
    const Lease* lease_ = nullptr;
};

}  // namespace once::claim
