#pragma once

#include <string>

#include "os/handle.hpp"

namespace once::os {

/// A file with one pid in it: proven to be writable when this object is made, written when the pid
/// is known, and removed when the object goes, if it still says that pid.
class PidFile {
public:
    /// Proves that the file can be written, before anything is launched: makes its fresh version
    /// beside it. Throws a Failure that names it.
    explicit PidFile(const std::string& path);
    PidFile(const PidFile&) = delete;
    PidFile& operator=(const PidFile&) = delete;
    ~PidFile();

    /// Puts the pid into it, as a whole; also that of the next run.
    void write(int pid);

    /// Leaves the file to the keeper, which will remove it.
    void leave() noexcept { pid_ = 0; }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    void refuse_other_text(const std::string& name) const;
    void make_fresh(const std::string& name);

    std::string path_;   // absolute
    std::string fresh_;  // its next version, or empty
    Handle file_;        // which is open: in a folder of others its name may lead elsewhere by now
    int pid_ = 0;        // what it says
};

/// Removes a pid file that says this pid, and no other.
void remove_pid_file(const std::string& path, int pid) noexcept;

/// Removes a pid file whose process is not there any more.
void remove_stale_pid_file(const std::string& path) noexcept;

}  // namespace once::os
