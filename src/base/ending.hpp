#pragma once

namespace once {

/// How a process ended: exited with a code, or killed by a signal. A value, as wait(2) tells it.
struct Ending {
    enum class Kind { exited, killed };

    Kind kind = Kind::exited;
    int value = 0;  ///< the exit code (0-255), or the number of the signal

    static constexpr Ending exited(int code) { return {Kind::exited, code}; }
    static constexpr Ending killed(int signal) { return {Kind::killed, signal}; }

    /// What a shell shows for it: the code, or 128 + n.
    [[nodiscard]] constexpr int status() const {
        return kind == Kind::exited ? value : 128 + value;
    }
    bool operator==(const Ending&) const = default;
};

}  // namespace once
