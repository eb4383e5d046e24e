#include "verbs/log_reader.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/log_files.hpp"

namespace once::verbs {
namespace {

constexpr std::size_t block_size = 256U << 10U;
// Longer than any line of a log of ours.
constexpr std::size_t longest_line = 1U << 20U;
// An open file keeps its space on the disk, so a slow reader must not have them all.
constexpr std::size_t most_open = 8;

// Where the last lines of a file begin.
struct Tail {
    std::uint64_t place = 0;
    std::uint64_t lines = 0;  // that there are from there on
};

Tail tail_of(const os::InputFile& file, std::uint64_t end, std::uint64_t wanted) {
    Tail tail{end, 0};
    char last = '\n';
    if (end > 0) (void)file.read(end - 1, &last, 1);
    if (last != '\n') wanted = std::max<std::uint64_t>(wanted, 1);  // no line is given in halves
    std::vector<char> block(block_size);
    bool is_end = true;  // of the file, or of a line that is counted
    for (auto place = end; place > 0;) {
        const auto size = std::min<std::uint64_t>(place, block_size);
        place -= size;
        const auto got = file.read(place, block.data(), size);
        for (auto i = got; i > 0; --i) {
            const bool is_newline = block[i - 1] == '\n';
            if (is_newline || is_end) {
                if (is_newline && !is_end) tail.place = place + i;
                if (tail.lines == wanted) return tail;
                ++tail.lines;
            }
            is_end = false;
        }
    }
    tail.place = 0;
    return tail;
}

}  // namespace

std::optional<LogReader> LogReader::open(const std::string& path, std::uint64_t lines,
                                         Until until) {
    auto newest = os::InputFile::open(path);
    // In the middle of a rotation there is none of this name.
    if (!newest) newest = os::InputFile::open(rotated_path(path, 1));
    if (!newest) return std::nullopt;
    LogReader reader(path, until);
    reader.parts_.push_back(reader.part_of(std::move(*newest)));
    reader.go_back(lines);
    return reader;
}

LogReader::Part LogReader::part_of(os::InputFile file) const {
    const auto end = until_ == Until::now ? file.size() : std::numeric_limits<std::uint64_t>::max();
    return {std::move(file), 0, end};
}

void LogReader::go_back(std::uint64_t lines) {
    while (true) {
        auto& first = parts_.front();
        const auto tail = tail_of(first.file, std::min(first.end, first.file.size()), lines);
        first.place = tail.place;
        lines -= std::min(lines, tail.lines);
        if (lines == 0) return;
        auto older = predecessor_of(first.file.id());
        if (!older) return;
        parts_.push_front(part_of(std::move(*older)));
    }
}

// How often the file was rotated. A file's number only grows, so that on the way up none is missed.
std::optional<std::size_t> LogReader::number_of(os::FileId file) const {
    for (std::size_t number = 0; number <= LogFiles::most_kept; ++number) {
        if (os::file_named(rotated_path(path_, number)) == file) return number;
    }
    return std::nullopt;
}

std::optional<os::InputFile> LogReader::predecessor_of(os::FileId file) const {
    while (const auto number = number_of(file)) {
        // It is the next one, or the one after that if just now it makes room for this one.
        auto older = os::InputFile::open(rotated_path(path_, *number + 1));
        if (!older) older = os::InputFile::open(rotated_path(path_, *number + 2));
        if (os::file_named(rotated_path(path_, *number)) == file) return older;
    }
    return std::nullopt;
}

// Before a file gets the number n + 1, all older ones have moved up: while it still is n, the one
// that followed it has the nearest number below that is in use.
std::optional<os::InputFile> LogReader::successor_of(os::FileId file) {
    while (os::file_named(path_) != file) {
        const auto number = number_of(file);
        if (!number) {
            is_overtaken_ = true;
            return oldest();
        }
        std::optional<os::InputFile> next;
        auto nearest = *number;
        while (!next && nearest > 0) next = os::InputFile::open(rotated_path(path_, --nearest));
        bool is_still_so = os::file_named(rotated_path(path_, *number)) == file;
        for (auto between = nearest + 1; next && between < *number; ++between) {
            is_still_so = is_still_so && !os::file_named(rotated_path(path_, between));
        }
        if (is_still_so) return next;
    }
    return std::nullopt;
}

std::optional<os::InputFile> LogReader::oldest() {
    for (auto number = LogFiles::most_kept + 1; number > 0; --number) {
        if (auto file = os::InputFile::open(rotated_path(path_, number - 1))) return file;
    }
    return std::nullopt;
}

void LogReader::look_ahead() {
    if (until_ == Until::now) return;
    while (parts_.size() < most_open) {
        auto next = successor_of(parts_.back().file.id());
        if (!next) return;
        parts_.push_back(part_of(std::move(*next)));
        parts_.back().follows_gap = std::exchange(is_overtaken_, false);
    }
}

std::size_t LogReader::read_on(Part& part) {
    const auto before = text_.size();
    text_.resize(before + block_size);
    const auto size = std::min<std::uint64_t>(block_size, part.end - part.place);
    auto got = part.file.read(part.place, text_.data() + before, size);
    if (got == 0 && part.file.size() < part.place) {
        // Somebody has emptied it.
        has_gap_ = true;
        part.place = 0;
        got = part.file.read(0, text_.data() + before, size);
    }
    text_.resize(before + got);
    part.place += got;
    return got;
}

std::string_view LogReader::give(std::size_t size) {
    given_ = size;
    return std::string_view(text_).substr(0, size);
}

std::string_view LogReader::next() {
    text_.erase(0, std::exchange(given_, 0));
    while (true) {
        // First of all: into a file that has a successor nothing is written any more, so that its
        // end, found after that, is the end.
        look_ahead();
        const auto unfinished = text_.size();
        if (read_on(parts_.front()) > 0) {
            const auto end = std::string_view(text_).substr(unfinished).rfind('\n');
            if (end != std::string_view::npos) return give(unfinished + end + 1);
            if (text_.size() > longest_line) return give(text_.size());
        } else if (parts_.size() == 1) {
            return {};
        } else {
            parts_.pop_front();
            has_gap_ = has_gap_ || parts_.front().follows_gap;
            if (!text_.empty()) return give_unfinished();
        }
    }
}

std::string_view LogReader::rest() {
    text_.erase(0, std::exchange(given_, 0));
    const auto& last = parts_.back();
    const bool is_whole = last.place == last.file.size();
    return text_.empty() || !is_whole ? std::string_view() : give_unfinished();
}

std::string_view LogReader::give_unfinished() {
    text_ += '\n';
    return give(text_.size());
}

}  // namespace once::verbs
