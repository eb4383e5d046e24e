#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.hpp"
#include "job/offspring.hpp"
#include "os/events.hpp"
#include "os/process.hpp"

namespace once::job {

/// Ends what is left of a job, whoever holds it: asks everybody once, or kills in rounds, until two
/// looks in a row find nobody. Each process is held by its pidfd while it is signalled.
class Sweep {
public:
    using Look = std::function<Offspring()>;

    /// The proof that nobody is left: that we have no child at all. There is none for who is not
    /// the job's subreaper, or has children of another kind; then two looks have to do.
    using IsEmpty = std::function<bool()>;

    /// Has this process had the signal that its whole group was sent?
    using HasHeard = std::function<bool(const os::ProcessFacts&)>;

    /// What is done to those who are left.
    enum class Measure {
        ask_deaf,  ///< TERM and CONT, but not to those who have had the group's signal
        ask,       ///< TERM and CONT to everybody who has not had them
        kill
    };

    /// `look` tells who is left; `is_empty` and `has_heard` may be empty. Handles are watched in
    /// `events` under tokens from `first_token` on.
    Sweep(os::Events& events, int first_token, Look look, IsEmpty is_empty, HasHeard has_heard);

    /// Looks, and does that to whom it finds. True if nobody is left.
    bool round(Measure measure);

    /// One of ours has died, or something happened that makes a look worth while: soon.
    void look_soon();
    void on_ready(int token);

    /// When the next round is due.
    [[nodiscard]] std::optional<TimePoint> next_look() const { return next_look_; }
    [[nodiscard]] bool is_due(TimePoint now) const { return next_look_ && *next_look_ <= now; }

    /// The daemons that the last look spared.
    [[nodiscard]] const std::vector<os::ProcessFacts>& daemons() const { return daemons_; }

    /// Who is still there although it was killed a while ago: in uninterruptible sleep, or not ours
    /// to kill (sudo). Told once; empty before and after.
    std::vector<os::ProcessFacts> take_stuck() { return std::exchange(stuck_, {}); }

private:
    void ask(const Offspring& found, Measure measure);
    // Whoever may be a daemon that is still closing our stdio has a moment for that.
    [[nodiscard]] bool is_in_doubt(const os::ProcessFacts& process, const Offspring& found);
    void kill(const std::vector<os::ProcessFacts>& job);
    [[nodiscard]] bool is_own_child(const os::ProcessFacts& process) const;
    void look_within(Duration pause);

    const int self_ = os::own_pid();
    os::Events& events_;
    int next_token_;
    Look look_;
    IsEmpty is_empty_;
    HasHeard has_heard_;
    std::set<os::ProcessId> asked_;
    std::map<int, os::Process> watched_;  // by token
    std::vector<os::ProcessFacts> daemons_;
    std::vector<os::ProcessFacts> stuck_;
    std::optional<TimePoint> next_look_;
    std::optional<TimePoint> killing_since_;
    std::optional<TimePoint> doubting_since_;
    bool has_told_stuck_ = false;
    Duration pause_;
    Duration look_took_{0};
};

}  // namespace once::job
