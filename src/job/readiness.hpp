#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "job/endpoint.hpp"
#include "job/inquiry.hpp"
#include "job/port_watch.hpp"
#include "os/events.hpp"

namespace once::job {

/// What a fresh job has to do before it counts as ready.
struct ReadinessPlan {
    std::vector<os::Port> ports;     ///< it listens on all of them
    std::optional<Endpoint> url;     ///< and this one answers
    std::optional<Duration> within;  ///< it is stopped when this is over; without: it is only said
};

/// Why a job is not ready: what was seen instead.
struct NotReady {
    Duration within{};
    std::vector<os::Port> missing;     ///< it does not listen on these
    std::vector<os::Port> elsewhere;   ///< it listens on these, which nobody claimed
    std::optional<PortLook> stranger;  ///< somebody else does
    std::string url;                   ///< this one was asked, and
    std::string answer;                ///< that came of it
};

/// Looks at a fresh job until it is ready, somebody else has its port, or its time is over; then
/// never again.
///
///     open ──all ports, and the url──▶ ready
///       ├──────somebody else───────▶ lost
///       └────────time is over────────▶ late
class Readiness {
public:
    enum class State { open, ready, lost, late };

    /// `token` is for the handles that it watches; `subreaper`: the job is below it.
    Readiness(os::Events& events, int token, const ReadinessPlan& plan, int subreaper,
              TimePoint launched);

    [[nodiscard]] State state() const { return state_; }
    /// When to look next; nothing when there is nothing to wait for.
    [[nodiscard]] std::optional<TimePoint> next() const { return looks_.next(); }

    void look(TimePoint now);
    /// Ready{token} came.
    void on_answer();
    /// It does not matter any more.
    void finish();

    /// The ports that it does not listen on yet.
    [[nodiscard]] const std::vector<os::Port>& missing() const { return missing_; }
    /// Set once, when the job has had the time that a server needs and listens elsewhere.
    std::vector<os::Port> take_elsewhere(TimePoint now);
    [[nodiscard]] const std::optional<PortLook>& stranger() const { return stranger_; }
    /// What was seen, if it is not ready.
    [[nodiscard]] NotReady portrait() const;

private:
    // True if a listener was seen for the first time: it may only have tried the port, as vite
    // does, which closes it and opens another one.
    bool look_at_ports();
    void ask(TimePoint now);
    void judge();
    void give_up(TimePoint now);
    void end(State state);
    [[nodiscard]] std::vector<os::Port> elsewhere() const;

    os::Events& events_;
    int token_;
    const ReadinessPlan& plan_;
    int subreaper_;
    State state_ = State::open;
    LookSchedule looks_;
    std::vector<os::Port> missing_;
    std::map<os::Port, std::uint64_t> seen_;  ///< the listener of the last look, by its inode
    std::optional<PortLook> stranger_;
    std::optional<Inquiry> inquiry_;
    TimePoint asked_;
    TimePoint next_inquiry_;
    Duration pause_ = std::chrono::milliseconds(50);
    std::string answer_;
    bool has_told_elsewhere_ = false;
};

}  // namespace once::job
