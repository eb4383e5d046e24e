#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "os/handle.hpp"
#include "os/process.hpp"

namespace once::os {

/// What a job writes when its output is ours to keep: it has the one end, we read from the other.
class Pipe {
public:
    Pipe();

    /// For the job: its stdout and stderr.
    [[nodiscard]] const Handle& inlet() const { return inlet_; }
    /// Readable when something was written.
    [[nodiscard]] const Handle& outlet() const { return outlet_; }

    /// Names it: whoever has its inlet open talks to us.
    [[nodiscard]] FileId id() const;

    /// What was written next, valid until the next call; nothing if there is nothing yet. Does not
    /// wait.
    std::optional<std::string_view> next();

private:
    Handle outlet_;
    Handle inlet_;
    std::vector<char> bytes_;
};

}  // namespace once::os
