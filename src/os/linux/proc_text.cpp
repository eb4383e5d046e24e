#include "os/linux/proc_text.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace once::os {
namespace {

// The next blank-separated word of a line as a number; 0 where there is none.
std::uint64_t next_number(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const auto end = std::min(rest.find(' '), rest.size());
    std::uint64_t value = 0;
    // A negative number (tpgid is -1 without a terminal) is none that we ask for, and reads as 0.
    (void)std::from_chars(rest.data(), rest.data() + end, value);
    rest.remove_prefix(end);
    return value;
}

int next_pid(std::string_view& rest) { return static_cast<int>(next_number(rest)); }

}  // namespace

std::optional<ProcessFacts> parse_stat(int pid, std::string_view text) {
    // The name stands in brackets and may hold brackets and blanks itself: the last ')' ends it.
    const auto open = text.find('(');
    const auto close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open ||
        close + 3 >= text.size()) {
        return std::nullopt;
    }
    ProcessFacts facts;
    facts.id.pid = pid;
    facts.name = text.substr(open + 1, close - open - 1);
    facts.state = text[close + 2];
    auto rest = text.substr(close + 3);
    facts.parent = next_pid(rest);   // field 4
    facts.group = next_pid(rest);    // field 5
    facts.session = next_pid(rest);  // field 6
    for (int field = 7; field < 9; ++field) (void)next_number(rest);
    const auto flags = next_number(rest);              // field 9
    constexpr std::uint64_t exiting = 0x4;             // PF_EXITING, linux/sched.h
    constexpr std::uint64_t kernel_thread = 0x200000;  // PF_KTHREAD
    facts.is_exiting = (flags & exiting) != 0;
    facts.is_kernel_thread = (flags & kernel_thread) != 0;
    for (int field = 10; field < 14; ++field) (void)next_number(rest);
    const auto ticks = next_number(rest) + next_number(rest);  // fields 14 and 15
    facts.cpu_time = std::chrono::milliseconds(ticks * 1000 / ticks_per_second());
    for (int field = 16; field < 20; ++field) (void)next_number(rest);
    facts.threads = next_pid(rest);  // field 20
    (void)next_number(rest);
    facts.id.started = next_number(rest);  // field 22
    return facts;
}

std::vector<int> parse_children(std::string_view text) {
    std::vector<int> children;
    while (!text.empty()) {
        if (const int child = next_pid(text); child > 0) children.push_back(child);
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
    return children;
}

std::vector<std::string> parse_arguments(std::string_view text) {
    std::vector<std::string> arguments;
    while (!text.empty()) {
        const auto end = std::min(text.find('\0'), text.size());
        arguments.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return arguments;
}

std::string joined_arguments(std::string text) {
    while (!text.empty() && text.back() == '\0') text.pop_back();
    std::replace(text.begin(), text.end(), '\0', ' ');
    return text;
}

std::optional<std::string> find_variable(std::string_view text, std::string_view variable) {
    while (!text.empty()) {
        const auto end = std::min(text.find('\0'), text.size());
        const auto entry = text.substr(0, end);
        if (entry.size() > variable.size() && entry.starts_with(variable) &&
            entry[variable.size()] == '=') {
            return std::string(entry.substr(variable.size() + 1));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::nullopt;
}

std::optional<std::uint64_t> parse_share(std::string_view text) {
    constexpr std::string_view key = "\nPss:";
    const auto start = text.find(key);
    if (start == std::string_view::npos) return std::nullopt;
    text.remove_prefix(start + key.size());
    return next_number(text) * 1024;
}

std::uint64_t parse_pages(std::string_view text) {
    (void)next_number(text);  // the size of all mappings
    return next_number(text);
}

bool has_ignored(std::string_view text, int signal) {
    constexpr std::string_view key = "\nSigIgn:\t";
    const auto start = text.find(key);
    if (start == std::string_view::npos) return false;
    std::uint64_t mask = 0;
    text.remove_prefix(start + key.size());
    (void)std::from_chars(text.data(), text.data() + text.size(), mask, 16);
    return (mask >> (signal - 1) & 1U) != 0;
}

std::uint64_t ticks_per_second() {
    static const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return ticks;
}

}  // namespace once::os
