#include <unistd.h>

#include <filesystem>

#include "base/journal.hpp"
#include "targets.hpp"
#include "verbs/log_reader.hpp"

namespace once::fuzz {
namespace {

namespace fs = std::filesystem;

/// Empty for each input, and gone at the end.
class Folder {
public:
    Folder() : path_(fs::temp_directory_path() / ("once-fuzz-" + std::to_string(getpid()))) {
        fs::create_directory(path_);
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] std::string log() const { return path_ / "job.log"; }

private:
    fs::path path_;
};

std::string read_back(const std::string& path, std::uint64_t lines) {
    auto reader = verbs::LogReader::open(path, lines, verbs::LogReader::Until::now);
    demand(reader.has_value(), "there is a log");
    std::string text;
    for (auto part = reader->next(); !part.empty(); part = reader->next()) text += part;
    return text.append(reader->rest());
}

}  // namespace

void log(std::string_view input) {
    if (input.size() < 3) return;
    const Folder folder;
    const auto byte = [&](std::size_t i) {
        return static_cast<std::size_t>(static_cast<unsigned char>(input[i]));
    };
    // Small files, and enough of them that none is given up.
    const JournalPlan plan{folder.log(), 64 + 16 * byte(0), 60, false};
    const auto lines = byte(1);
    const auto part = byte(2) + 1;
    const auto text = input.substr(3, 1024);
    {
        Journal journal(plan);
        for (auto rest = text; !rest.empty(); rest.remove_prefix(std::min(part, rest.size()))) {
            journal.take(rest.substr(0, part));
        }
    }
    std::string whole(text);
    if (!whole.empty() && whole.back() != '\n') whole += '\n';
    if (lines == 0) {
        demand(read_back(plan.path, 1U << 20U) == whole, "a log holds what the job wrote");
        return;
    }
    const auto all = static_cast<std::size_t>(std::count(whole.begin(), whole.end(), '\n'));
    std::size_t start = 0;
    for (auto over = all > lines ? all - lines : 0; over > 0; --over) {
        start = whole.find('\n', start) + 1;
    }
    demand(read_back(plan.path, lines) == whole.substr(start), "the last lines are the last");
}

}  // namespace once::fuzz
