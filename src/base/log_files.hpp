#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace once {

/// The files of one log: the one that is written, and those before it, which a rotation numbers
/// anew. Each is a new file, so that a reader can tell them apart. What cannot be written, on a
/// full disk, is lost, counted, and named in the log when there is space again; nothing worse comes
/// of it. A log that cannot be rotated grows, and says so.
class LogFiles {
public:
    /// So many rotated files can be asked for: each of them is looked at in every rotation.
    static constexpr std::size_t most_kept = 1000;

    /// Opens the log, or makes it (mode 0600). Throws a Failure that names it if it cannot be
    /// written, or is no plain file: a rotation would put one in place of a device.
    LogFiles(const std::string& path, std::uint64_t max_size, std::size_t keep);
    ~LogFiles();
    LogFiles(const LogFiles&) = delete;
    LogFiles& operator=(const LogFiles&) = delete;

    /// Whole lines, all of them into one file, at once. `stamp` is for what there is to say before
    /// them. Without lines: what was lost, if that was not said yet.
    void write(std::string_view lines, const std::string& stamp) noexcept;

    /// Counts lines as lost.
    void miss(std::size_t lines) noexcept;

    /// Symbolic links are resolved.
    [[nodiscard]] const std::string& path() const;

private:
    class Writer;
    std::unique_ptr<Writer> writer_;
};

/// What a log's file is called after `times` rotations: `app.log`, `app.1.log`, `app.2.log`.
std::string rotated_path(const std::string& path, std::size_t times);

/// Now, as it stands before a line: ISO 8601 with milliseconds and a blank.
std::string time_stamp();

}  // namespace once
