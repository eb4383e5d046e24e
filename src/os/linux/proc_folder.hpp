#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "os/handle.hpp"

namespace once::os {

/// A folder below /proc, read in as few calls as can be.
class ProcFolder {
public:
    /// Nothing if it cannot be opened.
    static std::optional<ProcFolder> open(const char* path);
    [[nodiscard]] const Handle& handle() const { return folder_; }

    /// The entries that are numbers, in the order that the kernel gives them in.
    [[nodiscard]] std::vector<int> numbers() const;

private:
    explicit ProcFolder(Handle folder) : folder_(std::move(folder)) {}
    Handle folder_;
};

/// The pids of all processes that are visible.
std::vector<int> visible_pids();

}  // namespace once::os
