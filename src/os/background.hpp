#pragma once

#include <optional>

#include "base/ending.hpp"
#include "os/handle.hpp"
#include "os/process.hpp"

namespace once::os {

/// `once` in two processes: the one that was called, which waits to be told how the launch went,
/// and one in the background, which does all the work and goes on. That one has a session of its
/// own, no controlling terminal, nothing on stdin and stdout, and none of the caller's descriptors
/// but stderr, until it lets go of that too.
class Background {
public:
    /// Forks. Must be called before anything is held that two processes must not hold.
    static Background begin();

    Background(Background&&) noexcept = default;
    Background& operator=(Background&&) noexcept = delete;
    ~Background();

    /// Are we the one that was called?
    [[nodiscard]] bool is_caller() const { return background_.has_value(); }

    // --- for the one that was called -----------------------------------------------------------

    /// Readable when there is news.
    [[nodiscard]] const Handle& handle() const { return channel_; }

    /// After news: nothing if the job is up, and goes on; else how the one in the background has
    /// ended, which has said why.
    std::optional<Ending> outcome();

    /// Asks the one in the background to end. It is our child, and cannot be mistaken.
    void ask_to_end() const noexcept;

    // --- for the one in the background ---------------------------------------------------------

    /// The one that was called.
    [[nodiscard]] const Process& caller() const { return *caller_; }

    /// The job is up: tells the caller, and lets go of its stderr.
    void report_up() noexcept;

private:
    explicit Background(Handle channel) : channel_(std::move(channel)) {}
    Handle channel_;
    std::optional<int> background_;  // its pid, for its parent
    std::optional<Process> caller_;
};

}  // namespace once::os
