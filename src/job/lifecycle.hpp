#pragma once

#include <optional>

#include "base/clock.hpp"
#include "job/stop_plan.hpp"

namespace once::job {

/// The life of a job from its launch to the moment nobody is left of it. Decides, and does nothing.
///
///     running ──stop──▶ asked ────────────time up─────────▶ killing
///        │                │                                  ▲
///        ├──leader gone───┴──▶ sweeping ───────time up───────┤
///        │                        ▲
///        └──group gone──▶ draining┴─ half time
///
/// and from the three on the right, when nobody is left, to `finished`.
///
/// `nudged` is `running` with a clock: the job had a HUP, which some take as "load your files
/// anew"; when the time is up it is asked properly. In `draining` those who are left have had the
/// same signal as the leader (a Ctrl-C, say): tsx and uvicorn would take a second one for "hurry".
class Lifecycle {
public:
    enum class Phase { running, nudged, asked, draining, sweeping, killing, finished };

    /// What happened.
    enum class Event {
        stop,         ///< it shall end: carry the stop plan out
        clock,        ///< it shall end, and has its signal already
        nudge,        ///< it had a HUP
        kill,         ///< it shall end at once
        leader_gone,  ///< the leader has ended
        group_gone,   ///< likewise, soon after its whole group was signalled
        nobody_left,  ///< two looks in a row found no process of it
        time_up       ///< the deadline has come
    };

    /// What is to be done about it.
    struct Action {
        bool ask_leader = false;  ///< the stop plan's signal, then CONT
        bool ask_deaf = false;  ///< TERM, then CONT, to those whom the group's signal did not reach
        bool ask_rest = false;  ///< likewise to everybody who has not had it
        bool kill_all = false;  ///< KILL to everybody, again and again
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
    Action drain(TimePoint now);
    Action sweep(TimePoint now);
    Action kill();
    void start_clock(Phase phase, TimePoint now, Duration patience);

    StopPlan plan_;
    Phase phase_ = Phase::running;
    bool leader_gone_ = false;  // which `killing` cannot tell
    std::optional<TimePoint> deadline_;
};

}  // namespace once::job
