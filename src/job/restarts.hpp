#pragma once

#include <optional>

#include "base/clock.hpp"

namespace once::job {

/// What to do when the command has ended by itself.
struct RestartPlan {
    enum class When { never, on_failure, always };
    When when = When::never;
    int most = 10;                                   ///< in a row
    Duration min_uptime = std::chrono::seconds(10);  ///< whoever lived so long is no crash in a row
};

/// Counts the restarts of a job, and says whether and when there is another. Decides, and does
/// nothing. The pauses double from 100 ms to 15 s, and begin anew with the count after a run that
/// lasted.
class Restarts {
public:
    explicit Restarts(RestartPlan plan) : plan_(plan) {}

    /// A run is over that lasted `uptime`: how long to wait before the next, or nothing if there is
    /// none.
    std::optional<Duration> after(bool has_failed, Duration uptime);

    /// The last answer was no because it was restarted as often as it may be.
    [[nodiscard]] bool has_given_up() const { return has_given_up_; }
    [[nodiscard]] const RestartPlan& plan() const { return plan_; }

private:
    RestartPlan plan_;
    int in_a_row_ = 0;
    Duration pause_{};
    bool has_given_up_ = false;
};

}  // namespace once::job
