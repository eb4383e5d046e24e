#include "verbs/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/text.hpp"
#include "os/output.hpp"

namespace once::verbs {
namespace {

// How many columns a terminal needs for it: a byte of UTF-8 counts when it begins a character.
std::size_t columns_of(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80;
    }));
}

// The end of a path says more than its beginning.
std::string without_beginning(const std::string& text, std::size_t width) {
    auto columns = columns_of(text);
    if (columns <= width) return text;
    std::size_t start = 0;
    while (columns >= width && start < text.size()) {
        ++start;
        while (start < text.size() && (static_cast<unsigned char>(text[start]) & 0xc0U) == 0x80) {
            ++start;
        }
        --columns;
    }
    return "…" + text.substr(start);
}

std::string padded(const std::string& text, std::size_t width) {
    const auto columns = columns_of(text);
    return columns < width ? text + std::string(width - columns, ' ') : text;
}

bool is_in(const std::vector<int>& pids, int pid) {
    return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

// A keeper has the command line of the `once` that it was forked from.
std::string command_of(const os::ProcessFacts& process) {
    if (process.name == "job-keeper") return "(its keeper)";
    return printable(os::command_line(process.id.pid));
}

// Draws each process once, even if parents that were read while pids went round lead in a circle.
class Drawing {
public:
    explicit Drawing(const std::vector<os::ProcessFacts>& processes)
        : processes_(processes), is_drawn_(processes.size()) {}

    std::vector<Branch> run() {
        for (std::size_t i = 0; i < processes_.size(); ++i) {
            if (!has_parent(processes_[i])) add(i, "", "");
        }
        for (std::size_t i = 0; i < processes_.size(); ++i) add(i, "", "");
        return std::move(branches_);
    }

private:
    [[nodiscard]] bool has_parent(const os::ProcessFacts& process) const {
        return std::any_of(processes_.begin(), processes_.end(),
                           [&](const auto& other) { return other.id.pid == process.parent; });
    }

    void add(std::size_t top, const std::string& own, const std::string& below) {
        if (is_drawn_[top]) return;
        is_drawn_[top] = true;
        branches_.push_back({processes_[top], own});
        std::vector<std::size_t> children;
        for (std::size_t i = 0; i < processes_.size(); ++i) {
            if (processes_[i].parent == processes_[top].id.pid && !is_drawn_[i]) {
                children.push_back(i);
            }
        }
        for (const auto child : children) {
            const bool is_last = child == children.back();
            add(child, below + (is_last ? "└─ " : "├─ "), below + (is_last ? "   " : "│  "));
        }
    }

    const std::vector<os::ProcessFacts>& processes_;
    std::vector<bool> is_drawn_;
    std::vector<Branch> branches_;
};

using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t least_of_flexible = 12;
constexpr std::size_t least_of_last = 20;

std::vector<std::size_t> widths_of(const Rows& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], columns_of(row[i]));
        }
    }
    return widths;
}

// With two blanks between them.
std::size_t width_of(const std::vector<std::size_t>& widths) {
    return std::accumulate(widths.begin(), widths.end(), 2 * (widths.size() - 1));
}

// Empties the columns that go, so that the others keep their places.
void drop_expendable(Rows& rows, std::size_t room, std::optional<std::size_t> flexible,
                     const std::vector<std::size_t>& expendable) {
    auto least = widths_of(rows);
    least.back() = std::min(least.back(), least_of_last);
    if (flexible) least[*flexible] = std::min(least[*flexible], least_of_flexible);
    auto needed = width_of(least);
    for (const auto column : expendable) {
        if (needed <= room) return;
        for (auto& row : rows) row[column].clear();
        needed -= least[column] + 2;
    }
}

}  // namespace

std::string table_text(Rows rows, std::optional<std::size_t> flexible,
                       const std::vector<std::size_t>& expendable) {
    const auto width = os::stdout_width();
    const auto room = static_cast<std::size_t>(width.value_or(0));
    if (width) drop_expendable(rows, room, flexible, expendable);
    auto widths = widths_of(rows);
    if (width && flexible && widths[*flexible] > least_of_flexible) {
        // A column that has gone takes its blanks with it.
        const auto gone = static_cast<std::size_t>(std::count(widths.begin(), widths.end(), 0U));
        const auto all = width_of(widths) - 2 * gone;
        const auto over = all > room ? all - room : 0;
        widths[*flexible] -= std::min(over, widths[*flexible] - least_of_flexible);
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (widths[i] == 0 && i + 1 < row.size()) continue;
            const auto cell = i == flexible ? without_beginning(row[i], widths[i]) : row[i];
            line += i + 1 < row.size() ? padded(cell, widths[i]) + "  " : cell;
        }
        text += (width ? shortened(line, static_cast<std::size_t>(*width)) : line) + '\n';
    }
    return text;
}

std::string size_text(std::uint64_t bytes) {
    constexpr double kilo = 1000;
    const auto size = static_cast<double>(bytes);
    if (size >= 1e9) return fmt::format("{:.1f} GB", size / (kilo * kilo * kilo));
    if (size >= 1e6) return fmt::format("{:.0f} MB", size / (kilo * kilo));
    return fmt::format("{:.0f} kB", size / kilo);
}

std::string cpu_text(std::chrono::milliseconds time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    if (seconds.count() >= 10) return span_text(seconds);
    return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000);
}

Usage usage_of(const std::vector<os::ProcessFacts>& processes) {
    Usage usage;
    for (const auto& process : processes) {
        usage.memory += os::memory_of(process.id.pid);
        usage.cpu_time += process.cpu_time;
    }
    return usage;
}

std::vector<Branch> branches_of(const std::vector<os::ProcessFacts>& processes) {
    return Drawing(processes).run();
}

std::string tree_text(const std::vector<os::ProcessFacts>& processes,
                      const std::vector<int>& marked) {
    std::vector<std::vector<std::string>> rows{{"", "PID", "AGE", "MEMORY", "CPU", "COMMAND"}};
    for (const auto& [process, lines] : branches_of(processes)) {
        const int pid = process.id.pid;
        rows.push_back({is_in(marked, pid) ? "*" : " ", std::to_string(pid),
                        span_text(os::age_of(process.id)), size_text(os::memory_of(pid)),
                        cpu_text(process.cpu_time), lines + command_of(process)});
    }
    return table_text(rows, std::nullopt);
}

}  // namespace once::verbs
