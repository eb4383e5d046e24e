#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/process.hpp"

/// What stands in the files of a process below /proc. The process has chosen a part of it: its
/// name, its arguments and its environment can hold any bytes.
namespace once::os {

/// /proc/PID/stat, proc_pid_stat(5).
std::optional<ProcessFacts> parse_stat(int pid, std::string_view text);

/// /proc/PID/task/TID/children.
std::vector<int> parse_children(std::string_view text);

/// /proc/PID/cmdline as words, and as one line; that one is empty if nothing is in it.
std::vector<std::string> parse_arguments(std::string_view text);
std::string joined_arguments(std::string text);

/// A variable in /proc/PID/environ.
std::optional<std::string> find_variable(std::string_view text, std::string_view variable);

/// The share of the memory in /proc/PID/smaps_rollup, in bytes.
std::optional<std::uint64_t> parse_share(std::string_view text);

/// The pages that /proc/PID/statm says are mapped in.
std::uint64_t parse_pages(std::string_view text);

/// Whether /proc/PID/status names this signal among those that are ignored.
bool has_ignored(std::string_view text, int signal);

std::uint64_t ticks_per_second();

}  // namespace once::os
