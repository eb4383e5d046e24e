#pragma once

#include <optional>
#include <string>
#include <vector>

#include "os/process.hpp"

/// Text for people, in columns.
namespace once::verbs {

/// Rows of cells, the first of them the headings. Each column but the last is as wide as its widest
/// cell; a line that is wider than the terminal is cut. `flexible` is the column of paths, which
/// gives way first, at its beginning, down to 12 characters. Where that leaves less than 20 for the
/// last column, those in `expendable` go, one after the other.
std::string table_text(std::vector<std::vector<std::string>> rows,
                       std::optional<std::size_t> flexible,
                       const std::vector<std::size_t>& expendable = {});

/// `1.2 GB`, `85 MB`, `640 kB`
std::string size_text(std::uint64_t bytes);

/// `0.4 s`, `12 min`
std::string cpu_text(std::chrono::milliseconds time);

/// How much a tree of processes has taken.
struct Usage {
    std::uint64_t memory = 0;  ///< bytes
    std::chrono::milliseconds cpu_time{0};
};
Usage usage_of(const std::vector<os::ProcessFacts>& processes);

/// The same processes, each behind lines that lead from its parent to it, in the order of a walk
/// from the top: `├─ `, `└─ `.
struct Branch {
    os::ProcessFacts process;
    std::string lines;
};
std::vector<Branch> branches_of(const std::vector<os::ProcessFacts>& processes);

/// A table of a tree: pid, age, memory, cpu, command; a `*` before those in `marked`.
std::string tree_text(const std::vector<os::ProcessFacts>& processes,
                      const std::vector<int>& marked);

}  // namespace once::verbs
