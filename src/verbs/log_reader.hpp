#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "os/input_file.hpp"

namespace once::verbs {

/// Reads a log while it is written and rotated: each line once, whole, in order. A file that it has
/// opened is read to its end, whatever it is called by then, and the one that followed it comes
/// next:
///
///     app.2.log   app.1.log   app.log          ◄─ written
///                 ▲ read      ▲ opened before it, too, can be rotated away
///
/// It asks for nothing that the writer would have to give: a rotation only ever adds one to a
/// file's number, from the oldest to the newest, and that is all that it relies on.
class LogReader {
public:
    enum class Until {
        now,      ///< what stands there at this moment
        for_ever  ///< and all that comes
    };

    /// Begins so many lines before the end, in older files too. Nothing if there is no such log.
    static std::optional<LogReader> open(const std::string& path, std::uint64_t lines, Until until);

    /// The next lines, good until the next call; empty if there are no more (for now).
    std::string_view next();

    /// When there are no more: a last line without an end, which it is given. Empty if there is
    /// none, or if somebody is just writing it.
    std::string_view rest();

    /// Files were rotated away before they were found, so that lines may be lost before those that
    /// `next` gave last. Told once.
    [[nodiscard]] bool take_gap() noexcept { return std::exchange(has_gap_, false); }

private:
    struct Part {
        os::InputFile file;
        std::uint64_t place = 0;  // up to here it is read
        std::uint64_t end = 0;    // no further
        bool follows_gap = false;
    };

    LogReader(std::string path, Until until) : path_(std::move(path)), until_(until) {}
    Part part_of(os::InputFile file) const;
    void go_back(std::uint64_t lines);
    [[nodiscard]] std::optional<std::size_t> number_of(os::FileId file) const;
    [[nodiscard]] std::optional<os::InputFile> predecessor_of(os::FileId file) const;
    std::optional<os::InputFile> successor_of(os::FileId file);
    std::optional<os::InputFile> oldest();
    void look_ahead();
    std::size_t read_on(Part& part);
    std::string_view give(std::size_t size);
    std::string_view give_unfinished();

    std::string path_;
    Until until_;
    std::deque<Part> parts_;  // each followed by its successor; never empty
    std::string text_;        // read, and not given yet but for the first `given_` bytes
    std::size_t given_ = 0;
    bool is_overtaken_ = false;  // what follows the newest part is gone
    bool has_gap_ = false;
};

}  // namespace once::verbs
