#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_files.hpp"

namespace once {

/// Where the log of a job goes, and how much of it stays.
struct JournalPlan {
    std::string path;
    std::uint64_t max_size = 10ULL << 20U;  ///< bytes; a file is rotated before it outgrows them
    std::size_t keep = 3;                   ///< rotated files that stay; up to LogFiles::most_kept
    bool timestamps = false;                ///< before each line: when it came, in ISO 8601
};

/// The log of a job: what the job writes goes in, whole lines stand in the file. A line is never
/// torn over two files. What a full disk does not take is lost, and never more than that.
class Journal {
public:
    /// Opens the file, or makes it (mode 0600). Throws a Failure that names it if it cannot be
    /// written, or is no plain file: rotation would put one in place of a device.
    explicit Journal(const JournalPlan& plan);
    Journal(Journal&&) noexcept;
    Journal& operator=(Journal&&) noexcept;
    ~Journal();  ///< finishes

    /// What came from the job, cut anywhere. Whole lines are in the file when this is done, the
    /// rest waits for its end. A line of more than 64 KiB becomes several.
    void take(std::string_view bytes) noexcept;

    /// Words of our own: `once: ` stands before each line of them.
    void say(std::string_view words) noexcept;

    /// The job writes no more: ends a last line that has no end. Harmless when said again.
    void finish() noexcept;

    /// What the job wrote last in this launch: up to 20 lines, the newest at the end; long ones
    /// are cut.
    [[nodiscard]] std::vector<std::string> last_lines() const;

    /// Where it is: absolute if the plan's path is; symbolic links resolved.
    [[nodiscard]] const std::string& path() const;

private:
    class Scribe;
    std::unique_ptr<Scribe> scribe_;
};

}  // namespace once
