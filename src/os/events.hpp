#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "base/clock.hpp"
#include "os/handle.hpp"

namespace once::os {

/// A signal that was sent to us.
struct Signal {
    int number = 0;
    bool from_kernel = false;  ///< the terminal sent it to its whole foreground group
    int sender = 0;  ///< who called kill(2); 0 if it is not visible from our pid namespace
};

/// Something that was watched is readable (or writable), or was hung up.
struct Ready {
    int token = 0;
};

/// The deadline that `next` was given has come.
struct TimeUp {};

using Event = std::variant<Signal, Ready, TimeUp>;

/// What we found when we started and changed, and what a command of ours must find again: the
/// blocked signals, bit n-1 for signal n, and whether CHLD was ignored. What else was ignored stays
/// so.
struct SignalState {
    std::uint64_t blocked = 0;
    bool ignores_child = false;
};

/// Which signals beside the usual ones become events; see signal_rules in the .cpp.
enum class Catch {
    usual,       ///< all but faults, job control and WINCH
    with_cont,   ///< CONT and WINCH too: we hand the terminal over to another group
    with_winch,  ///< WINCH too: our job is in a group of its own
    everything   ///< whatever can be blocked: the keeper
};

/// What a handle is watched for.
enum class When { readable, writable };

/// The one place where this program waits: for signals, for handles, for a point in time. While it
/// lives signals interrupt nothing; they are blocked and read as events.
class Events {
public:
    explicit Events(Catch which);
    ~Events();
    Events(const Events&) = delete;
    Events& operator=(const Events&) = delete;

    /// Changes which signals are events from now on.
    void catch_signals(Catch which);
    /// Which they are. Other Events of this process may have blocked others meanwhile:
    /// `catch_signals` with this undoes it.
    [[nodiscard]] Catch caught() const { return which_; }

    /// What was there before the first of these objects was made in this process.
    [[nodiscard]] const SignalState& inherited() const { return inherited_; }

    /// Reports `handle` as Ready{token} while it is readable, or while it can be written, and when
    /// it is hung up. `token` is positive and the caller's.
    void watch(const Handle& handle, int token, When when = When::readable);
    void forget(const Handle& handle) noexcept;

    /// The next event; waits for it until the deadline, or for ever without one.
    Event next(std::optional<TimePoint> deadline);

private:
    std::optional<Event> read_signal() const;

    SignalState inherited_;
    Catch which_;
    Handle queue_;
    Handle signals_;
};

/// In a forked child that is about to execute a command: everything as it was found.
void restore_signals(const SignalState& inherited) noexcept;

}  // namespace once::os
