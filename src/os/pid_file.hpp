#pragma once

#include <string>

namespace once::os {

/// A file with one pid in it, for as long as this object lives. When it goes, the file is removed
/// if it still says what we wrote.
class PidFile {
public:
    /// Proves that the file can be written, before anything is launched: makes its fresh version
    /// beside it. Throws a Failure that names it.
    explicit PidFile(std::string path);
    PidFile(const PidFile&) = delete;
    PidFile& operator=(const PidFile&) = delete;
    ~PidFile();

    /// Puts the pid into it, as a whole.
    void write(int pid);

    /// Leaves the file to somebody else, who will remove it.
    void leave() noexcept { path_.clear(); }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;   // absolute
    std::string fresh_;  // its next version, or empty
    std::string text_;
};

}  // namespace once::os
