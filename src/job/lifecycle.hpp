#pragma once

#include <optional>

#include "base/clock.hpp"
#include "job/stop_plan.hpp"

namespace once::job {

/// The life of a job from its launch to the moment nobody is left of it. Decides, and does nothing.
///
///     running ──stop──▶ asked ──time up──▶ killing ──nobody left──▶ finished
///        │                │                   ▲                        ▲
///        └──leader gone───┴──▶ sweeping ──────┴────nobody left─────────┘
///
/// `nudged` is `running` with a clock: the job had a HUP, which some take as "load your files
/// anew"; when the time is up it is asked properly.
class Lifecycle {
public:
    enum class Phase { running, nudged, asked, sweeping, killing, finished };

    /// What happened.
    enum class Event {
        stop,         ///< it shall end: carry the stop plan out
        clock,        ///< it shall end, and has its signal already
        nudge,        ///< it had a HUP
        kill,         ///< it shall end at once
        leader_gone,  ///< the leader has ended
        nobody_left,  ///< two looks in a row found no process of it
        time_up       ///< the deadline has come
    };

    /// What is to be done about it.
    struct Action {
        bool ask_leader = false;  ///< the stop plan's signal, then CONT
        bool ask_rest = false;    ///< TERM, then CONT, to everybody who has not had it
        bool kill_all = false;    ///< KILL to everybody, again and again
        bool operator==(const Action&) const = default;
    };

    explicit Lifecycle(StopPlan plan) : plan_(plan) {}

    Action on(Event event, TimePoint now);

    [[nodiscard]] Phase phase() const { return phase_; }
    [[nodiscard]] bool is_finished() const { return phase_ == Phase::finished; }
    /// The leader has ended: who is still there is a straggler.
    [[nodiscard]] bool is_sweeping() const { return leader_gone_ && !is_finished(); }
    [[nodiscard]] std::optional<TimePoint> deadline() const { return deadline_; }

private:
    Action ask(TimePoint now);
    Action sweep(TimePoint now);
    Action kill();
    void start_clock(Phase phase, TimePoint now);

    StopPlan plan_;
    Phase phase_ = Phase::running;
    bool leader_gone_ = false;  // which `killing` cannot tell
    std::optional<TimePoint> deadline_;
};

}  // namespace once::job
