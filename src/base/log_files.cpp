#include "base/log_files.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <utility>

#include "base/clock.hpp"
#include "base/failure.hpp"

namespace once {
namespace {

namespace fs = std::filesystem;
using Sink = spdlog::sinks::rotating_file_sink_st;

// spdlog tries five times to open a file, 10 ms apart: a job must not wait for that all the time.
constexpr Duration pause_between_openings = std::chrono::seconds(1);

std::unique_ptr<spdlog::pattern_formatter> formatter(const char* pattern) {
    return std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::local,
                                                       "");
}

std::size_t lines_in(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// The last words of an error of spdlog's: `Failed to …: No space left on device`.
std::string reason_in(const std::exception& error) {
    const std::string_view words = error.what();
    const auto colon = words.rfind(": ");
    return std::string(colon == std::string_view::npos ? words : words.substr(colon + 2));
}

// Where the file is, however it is called: a rotation would rename a symbolic link, not the file.
std::string resolved(const std::string& path) {
    std::error_code error;
    const auto real = fs::canonical(path, error);
    return error ? path : real.string();
}

void refuse_odd(const std::string& path) {
    std::error_code error;
    const auto type = fs::status(path, error).type();
    if (type == fs::file_type::not_found || type == fs::file_type::regular) return;
    if (type == fs::file_type::none || type == fs::file_type::unknown) {
        fail("cannot write the log '{}': {}", path, error.message());
    }
    fail("cannot write the log '{}': it exists and is no plain file", path);
}

}  // namespace

// Its stream has no buffer: lines arrive in batches, each of which is one write(2), so that it is
// known what a full disk has taken of it.
class LogFiles::Writer {
public:
    Writer(std::string path, std::uint64_t max_size, std::size_t keep)
        : path_(std::move(path)), max_size_(std::max<std::uint64_t>(max_size, 1)), keep_(keep) {
        open();
        is_torn_ = size_ > 0 && !ends_with_newline();
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer() { sink_.reset(); }  // its last words are for our members

    void write(std::string_view lines, const std::string& stamp) noexcept {
        const auto kept = make_ready(stamp) ? put(lines) : 0;
        miss(lines_in(lines.substr(kept)));
    }

    void miss(std::size_t lines) noexcept { lost_ += lines; }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    void open() {
        spdlog::file_event_handlers handlers;
        handlers.before_open = [this](const std::string& name) { before_open(name); };
        handlers.after_open = [this](const std::string& name, std::FILE* file) {
            after_open(name, file);
        };
        handlers.before_close = [this](const std::string&, std::FILE*) { file_ = nullptr; };
        sink_ = std::make_unique<Sink>(path_, max_size_, keep_, false, handlers);
        sink_->set_formatter(formatter("%v"));
    }

    void before_open(const std::string& name) {
        std::error_code error;
        is_new_ = !fs::exists(name, error);
        const bool is_rotation = sink_ != nullptr;
        if (!is_rotation || is_new_) return;
        // It would be emptied now.
        if (keep_ > 0) {
            has_failed_to_rotate_ = true;
            throw spdlog::spdlog_ex("cannot rotate the log");
        }
        // Whoever reads it could not tell its old lines from the new ones.
        is_new_ = fs::remove(name, error);
    }

    void after_open(const std::string& name, std::FILE* file) {
        std::error_code error;
        if (is_new_) {
            // Others may read what the umask says, for a moment: as long as it is empty.
            fs::permissions(name, fs::perms::owner_read | fs::perms::owner_write, error);
        }
        (void)std::setvbuf(file, nullptr, _IONBF, 0);
        size_ = spdlog::details::os::filesize(file);
        file_ = file;
    }

    bool reopen() noexcept {
        const auto now = Clock::now();
        if (now < next_opening_) return false;
        next_opening_ = now + pause_between_openings;
        try {
            sink_.reset();
            open();
            return true;
        } catch (const std::exception& error) {
            keep_reason(error);
            return false;
        }
    }

    bool make_ready(const std::string& stamp) noexcept {
        if (file_ == nullptr && !reopen()) return false;
        if (is_torn_ && put("\n") == 0) return false;
        if (lost_ == 0) return true;
        try {
            const auto note =
                fmt::format("{}once: {} {} lost here: {}\n", stamp, lost_,
                            lost_ == 1 ? "line was" : "lines were", printable(reason_));
            if (put(note) < note.size()) return false;
        } catch (const std::exception&) {
            return false;
        }
        lost_ = 0;
        return true;
    }

    // Answers how much of it is in the file.
    std::size_t put(std::string_view text) noexcept {
        const auto kept = try_to_put(text);
        return std::exchange(has_failed_to_rotate_, false) && grow() ? try_to_put(text) : kept;
    }

    // What is in a file that nobody can rename (its folder may be another user's) shall stay.
    bool grow() noexcept {
        max_size_ = std::numeric_limits<std::size_t>::max();
        next_opening_ = {};
        if (!reopen()) return false;
        (void)try_to_put(
            "once: this log cannot be rotated, so it grows: can its folder be written?\n");
        return true;
    }

    std::size_t try_to_put(std::string_view text) noexcept {
        std::size_t kept = text.size();
        try {
            sink_->log({{}, spdlog::level::off, spdlog::string_view_t(text.data(), text.size())});
            size_ += kept;
        } catch (const std::exception& error) {
            keep_reason(error);
            kept = std::min(grown_by(), text.size());
        }
        if (kept > 0) is_torn_ = text[kept - 1] != '\n';
        return kept;
    }

    // How much was written before it failed.
    std::size_t grown_by() noexcept {
        try {
            const auto size = file_ != nullptr ? spdlog::details::os::filesize(file_) : 0;
            const auto before = std::exchange(size_, size);
            return size > before ? size - before : 0;
        } catch (const std::exception&) {
            return 0;
        }
    }

    void keep_reason(const std::exception& error) noexcept {
        try {
            reason_ = reason_in(error);
        } catch (const std::exception&) {
            reason_.clear();
        }
    }

    [[nodiscard]] bool ends_with_newline() const {
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path_.c_str(), "rbe"),
                                                                   std::fclose);
        return !file || std::fseek(file.get(), -1, SEEK_END) != 0 || std::fgetc(file.get()) == '\n';
    }

    std::string path_;
    std::size_t max_size_;
    std::size_t keep_;
    bool is_new_ = false;  // the file that is being opened
    bool has_failed_to_rotate_ = false;
    bool is_torn_ = false;       // the last line in the file has no end
    std::FILE* file_ = nullptr;  // the sink's; it has none when it could not open the next one
    std::size_t size_ = 0;
    std::size_t lost_ = 0;
    std::string reason_;
    TimePoint next_opening_{};
    std::unique_ptr<Sink> sink_;
};

LogFiles::LogFiles(const std::string& path, std::uint64_t max_size, std::size_t keep) {
    keep = std::min(keep, most_kept);
    for (std::size_t times = 0; times <= keep; ++times) refuse_odd(rotated_path(path, times));
    // spdlog would make the folder, and find out about a typing error later than its user.
    std::error_code error;
    const auto folder = fs::path(path).parent_path();
    if (!folder.empty() && !fs::is_directory(folder, error)) {
        fail("cannot write the log '{}': there is no folder '{}'", path, folder.string());
    }
    try {
        writer_ = std::make_unique<Writer>(resolved(path), max_size, keep);
    } catch (const spdlog::spdlog_ex& failure) {
        fail("cannot write the log '{}': {}", path, reason_in(failure));
    }
}

LogFiles::~LogFiles() = default;

void LogFiles::write(std::string_view lines, const std::string& stamp) noexcept {
    writer_->write(lines, stamp);
}

void LogFiles::miss(std::size_t lines) noexcept { writer_->miss(lines); }

const std::string& LogFiles::path() const { return writer_->path(); }

std::string rotated_path(const std::string& path, std::size_t times) {
    return Sink::calc_filename(path, times);
}

std::string time_stamp() {
    spdlog::memory_buf_t text;
    formatter("%Y-%m-%dT%H:%M:%S.%e%z ")->format({{}, spdlog::level::off, {}}, text);
    return {text.data(), text.size()};
}

}  // namespace once
