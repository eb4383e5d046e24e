#include "base/journal.hpp"

#include <algorithm>
#include <array>

namespace once {
namespace {

constexpr std::size_t longest_line = 64U << 10U;
constexpr std::size_t largest_batch = 64U << 10U;

}  // namespace

class Journal::Scribe {
public:
    explicit Scribe(const JournalPlan& plan)
        : files_(plan.path, plan.max_size, plan.keep),
          has_stamps_(plan.timestamps),
          batch_limit_(std::clamp<std::size_t>(plan.max_size / 16, 1, largest_batch)) {}

    void take(std::string_view bytes) {
        stamp();
        while (!bytes.empty()) {
            const auto room = longest_line - unfinished_.size();
            const auto end = bytes.substr(0, room + 1).find('\n');
            if (end == std::string_view::npos && bytes.size() <= room) {
                unfinished_ += bytes;
                break;
            }
            const auto length = std::min(end, room);
            if (unfinished_.empty()) {
                add_job_line(bytes.substr(0, length));
            } else {
                unfinished_ += bytes.substr(0, length);
                end_line();
            }
            bytes.remove_prefix(length + (end == length ? 1 : 0));
        }
        flush();
    }

    void say(std::string_view words) {
        stamp();
        while (!words.empty()) {
            const auto end = std::min(words.find('\n'), words.size());
            add("once: ", words.substr(0, end));
            words.remove_prefix(std::min(end + 1, words.size()));
        }
        flush();
    }

    void finish() {
        stamp();
        if (!unfinished_.empty()) end_line();
        flush();
        files_.write({}, stamp_);  // what was lost, if that was not said yet
    }

    // A line that there was no memory for.
    void give_up() noexcept {
        const auto lines = std::count(batch_.begin(), batch_.end(), '\n') + 1;
        files_.miss(static_cast<std::size_t>(lines));
        batch_.clear();
        unfinished_.clear();
    }

    [[nodiscard]] std::vector<std::string> last_lines() const {
        std::vector<std::string> lines;
        const auto count = std::min(lines_, remembered_.size());
        for (auto i = lines_ - count; i < lines_; ++i) {
            lines.push_back(remembered_[i % remembered_.size()]);
        }
        return lines;
    }

    [[nodiscard]] const std::string& path() const { return files_.path(); }

private:
    // One look at the clock for all lines that came at once.
    void stamp() {
        if (has_stamps_) stamp_ = time_stamp();
    }

    void end_line() {
        add_job_line(unfinished_);
        unfinished_.clear();
    }

    void add_job_line(std::string_view line) {
        constexpr std::size_t longest_remembered = 1024;
        remembered_[lines_ % remembered_.size()] = line.substr(0, longest_remembered);
        ++lines_;
        add({}, line);
    }

    void add(std::string_view before, std::string_view line) {
        const auto size = stamp_.size() + before.size() + line.size() + 1;
        if (batch_.size() + size > batch_limit_) flush();
        batch_.append(stamp_).append(before).append(line).append(1, '\n');
    }

    void flush() {
        if (batch_.empty()) return;
        files_.write(batch_, stamp_);
        batch_.clear();
    }

    LogFiles files_;
    bool has_stamps_;
    std::size_t batch_limit_;  // far below a file's size, so that files are nearly full
    std::string stamp_;
    std::string batch_;       // whole lines, not written yet
    std::string unfinished_;  // a line whose end has not come
    std::array<std::string, 20> remembered_;
    std::size_t lines_ = 0;  // of the job, so far
};

Journal::Journal(const JournalPlan& plan) : scribe_(std::make_unique<Scribe>(plan)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;

Journal::~Journal() {
    if (scribe_) finish();
}

void Journal::take(std::string_view bytes) noexcept {
    try {
        scribe_->take(bytes);
    } catch (const std::exception&) {
        scribe_->give_up();
    }
}

void Journal::say(std::string_view words) noexcept {
    try {
        scribe_->say(words);
    } catch (const std::exception&) {
        scribe_->give_up();
    }
}

void Journal::finish() noexcept {
    try {
        scribe_->finish();
    } catch (const std::exception&) {
        scribe_->give_up();
    }
}

std::vector<std::string> Journal::last_lines() const { return scribe_->last_lines(); }

const std::string& Journal::path() const { return scribe_->path(); }

}  // namespace once
