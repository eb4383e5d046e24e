#pragma once

#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "os/job.hpp"

namespace once::job {

/// Who sent a signal, as far as it matters.
enum class Sender {
    terminal,    ///< the kernel, to the terminal's whole foreground group
    descendant,  ///< a process of the job
    successor,   ///< another `once` that takes our place: it means us, and wants to be obeyed now
    parent,      ///< the process that started us: npm and pnpm hand on what they got themselves
    outside  ///< anybody else: to us alone, or to the whole group, which only the keeper can tell
};

/// Sees to it that each signal reaches the job exactly once. Two deliveries of one Ctrl-C make tsx
/// kill its server hard and uvicorn quit without draining. Decides, and does nothing.
///
/// What anybody outside sent is held for a moment: if the keeper saw it too it went to the whole
/// group (or tree), and the job has it already.
class Relay {
public:
    /// `own_group`: the job is in a process group of its own, which the terminal does not reach
    /// through us.
    explicit Relay(bool own_group) : own_group_(own_group) {}

    /// A signal came. Answers with what to order the keeper now.
    std::vector<os::Order> on_signal(int signal, Sender sender, TimePoint now);

    /// The terminal sent it to the job's own group, which has the keyboard: the job has had it.
    std::vector<os::Order> on_terminal_had(int signal, TimePoint now);

    /// The keeper saw it too.
    std::vector<os::Order> on_seen(int signal, TimePoint now);

    /// Until when a signal is held, and what to do then.
    [[nodiscard]] std::optional<TimePoint> deadline() const;
    std::vector<os::Order> on_time(TimePoint now);

private:
    struct Held {
        int signal = 0;
        Sender sender = Sender::outside;
        TimePoint until;
    };

    std::vector<os::Order> from_terminal(int signal, TimePoint now);
    bool is_relayed(Sender sender, TimePoint now);
    [[nodiscard]] std::vector<os::Order> forward(int signal) const;

    bool own_group_;
    int interrupts_ = 0;  // typed at the terminal
    std::optional<TimePoint> last_interrupt_;
    bool was_typed_ = false;  // the last interrupt came from the terminal
    // What only the keeper has had so far: ours is on its way.
    struct Seen {
        int signal = 0;
        TimePoint when;
    };

    bool has_been_seen(int signal, TimePoint now);

    std::vector<Held> held_;
    std::vector<Seen> seen_;
};

}  // namespace once::job
