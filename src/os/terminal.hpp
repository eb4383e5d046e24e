#pragma once

#include <memory>
#include <optional>

#include "os/handle.hpp"

namespace once::os {

/// Our controlling terminal, whatever stdin and stdout are. It remembers the modes that it had when
/// it was opened.
class Terminal {
public:
    /// Nothing if there is no controlling terminal (cron, CI, systemd, a container without -t).
    static std::optional<Terminal> open();

    Terminal(Terminal&&) noexcept;
    Terminal& operator=(Terminal&&) noexcept;
    ~Terminal();

    /// True while our own process group is the one that the keyboard talks to.
    [[nodiscard]] bool is_foreground() const noexcept;

    /// The process group that the keyboard talks to; 0 if that cannot be told.
    [[nodiscard]] int foreground_group() const noexcept;

    /// Makes a group of our session the foreground one. Must be called with SIGTTOU blocked, else a
    /// background caller is stopped by it.
    void give_to(int group) const noexcept;

    /// Makes our own group the foreground one again.
    void give_to_us() const noexcept;

    /// Gives it the modes that it had at the start, if our group is in the foreground.
    void restore_modes() const noexcept;

    [[nodiscard]] const Handle& handle() const { return device_; }

private:
    struct Modes;
    Terminal(Handle device, std::unique_ptr<Modes> modes);
    Handle device_;
    std::unique_ptr<Modes> modes_;
};

/// Does to our own group what Ctrl-Z does. Comes back when somebody continues us; at once if our
/// group is orphaned, since the kernel then discards it. The CONT itself, where it is blocked, is
/// taken away.
void suspend_own_group() noexcept;

/// If the process that waits for us is in our group and was stopped with us, by a Ctrl-Z,
/// continues the group: it could not hear of our end.
void continue_stopped_parent();

}  // namespace once::os
