#pragma once

#include <string>

#include "os/handle.hpp"

namespace once::os {

/// Readable whenever a file in a folder is written to, made, renamed or removed: a hint to look
/// again (inotify(7)).
class FileWatch {
public:
    /// Throws a Failure that names the folder.
    explicit FileWatch(const std::string& folder);
    [[nodiscard]] const Handle& handle() const { return handle_; }

    /// Takes all waiting notices away.
    void drain() const noexcept;

private:
    Handle handle_;
};

}  // namespace once::os
