#include "os/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <iterator>
#include <memory>

#include "os/linux/check.hpp"
#include "os/linux/parallel.hpp"
#include "os/linux/proc_folder.hpp"
#include "os/linux/read_file.hpp"

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

std::uint64_t ticks_per_second() {
    static const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return ticks;
}

int next_pid(std::string_view& rest) { return static_cast<int>(next_number(rest)); }

// /proc/PID/stat, proc_pid_stat(5). The name stands in brackets and may hold brackets and blanks
// itself: the last ')' ends it.
std::optional<ProcessFacts> parse_stat(int pid, std::string_view text) {
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

std::string proc(int pid, const char* file) { return fmt::format("/proc/{}/{}", pid, file); }

}  // namespace

std::optional<ProcessFacts> read_process(int pid) {
    if (pid <= 0) return std::nullopt;
    const Handle file(::open(proc(pid, "stat").c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    // One line, far shorter than this, which the kernel writes at once.
    std::array<char, 1024> line;
    const auto got = retry([&] { return ::read(descriptor(file), line.data(), line.size()); });
    if (got <= 0) return std::nullopt;
    return parse_stat(pid, {line.data(), static_cast<std::size_t>(got)});
}

std::vector<ProcessFacts> read_processes() {
    const auto pids = visible_pids();
    std::array<std::vector<ProcessFacts>, most_parts> parts;
    in_parallel(pids.size(), [&](std::size_t first, std::size_t last, std::size_t part) {
        for (auto i = first; i < last; ++i) {
            if (auto facts = read_process(pids[i])) parts[part].push_back(std::move(*facts));
        }
    });
    std::vector<ProcessFacts> all;
    for (auto& part : parts) {
        std::move(part.begin(), part.end(), std::back_inserter(all));
    }
    return all;
}

int living_thread(int pid) {
    const auto facts = read_process(pid);
    if (!facts || facts->state != 'Z' || facts->threads <= 1) return pid;
    const auto path = proc(pid, "task");
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
    while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
        const std::string_view name = entry->d_name;
        int thread = 0;
        (void)std::from_chars(name.data(), name.data() + name.size(), thread);
        if (thread > 0 && thread != pid) return thread;
    }
    return pid;
}

std::vector<ProcessFacts> read_children(int pid) {
    std::vector<ProcessFacts> children;
    const auto text = read_file(fmt::format("/proc/{0}/task/{0}/children", pid).c_str());
    for (std::string_view rest = text ? *text : std::string_view(); !rest.empty();) {
        if (auto facts = read_process(next_pid(rest))) children.push_back(std::move(*facts));
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    }
    return children;
}

ProcessFacts own_facts() {
    if (auto facts = read_process(::getpid())) return std::move(*facts);
    const auto path = proc(::getpid(), "stat");
    if (::access("/proc/self", F_OK) == 0) (void)need_file(path.c_str());  // throws, and says why
    fail("cannot read {}: is /proc mounted?", path);
}

ProcessId own_id() { return own_facts().id; }

int own_pid() { return ::getpid(); }

int parent_pid() { return ::getppid(); }

bool is_alive(ProcessId id) {
    const auto facts = read_process(id.pid);
    return facts && facts->id == id && !facts->is_zombie();
}

std::string command_line(int pid) {
    auto text = read_file(proc(pid, "cmdline").c_str(), 1U << 16U).value_or("");
    while (!text.empty() && text.back() == '\0') text.pop_back();
    if (text.empty()) {
        const auto facts = read_process(pid);
        return fmt::format("[{}]", facts ? facts->name : "?");
    }
    std::replace(text.begin(), text.end(), '\0', ' ');
    return text;
}

std::vector<std::string> arguments_of(int pid) {
    const auto text = read_file(proc(pid, "cmdline").c_str(), 1U << 16U).value_or("");
    std::vector<std::string> arguments;
    for (std::string_view rest = text; !rest.empty();) {
        const auto end = std::min(rest.find('\0'), rest.size());
        arguments.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return arguments;
}

std::string folder_of(int pid) {
    std::string target(4096, '\0');
    const auto got = ::readlink(proc(pid, "cwd").c_str(), target.data(), target.size());
    target.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return target;
}

std::optional<std::uint32_t> owner_of(int pid) {
    struct stat facts {};
    if (::stat(proc(pid, "").c_str(), &facts) < 0) return std::nullopt;
    return facts.st_uid;
}

std::string control_group_of(int pid) {
    return read_file(proc(pid, "cgroup").c_str()).value_or("");
}

std::uint64_t pid_namespace_of(int pid) {
    struct stat facts {};
    return ::stat(proc(pid, "ns/pid").c_str(), &facts) < 0 ? 0 : facts.st_ino;
}

std::uint64_t memory_of(int pid) {
    const auto smaps = read_file(proc(pid, "smaps_rollup").c_str()).value_or("");
    constexpr std::string_view key = "\nPss:";
    if (const auto start = smaps.find(key); start != std::string::npos) {
        auto rest = std::string_view(smaps).substr(start + key.size());
        return next_number(rest) * 1024;
    }
    const auto text = read_file(proc(pid, "statm").c_str()).value_or("");
    auto rest = std::string_view(text);
    (void)next_number(rest);
    return next_number(rest) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool ignores_signal(int pid, int number) {
    const auto text = read_file(proc(pid, "status").c_str());
    constexpr std::string_view key = "\nSigIgn:\t";
    const auto start = text ? text->find(key) : std::string::npos;
    if (start == std::string::npos) return false;
    std::uint64_t mask = 0;
    const char* digits = text->data() + start + key.size();
    (void)std::from_chars(digits, text->data() + text->size(), mask, 16);
    return (mask >> (number - 1) & 1U) != 0;
}

std::chrono::seconds age_of(ProcessId id) {
    // Start times are counted in ticks of the boot clock, suspended time included
    // (proc_pid_stat(5)).
    timespec now{};
    (void)::clock_gettime(CLOCK_BOOTTIME, &now);
    const auto age = now.tv_sec - static_cast<std::int64_t>(id.started / ticks_per_second());
    return std::chrono::seconds(std::max<std::int64_t>(age, 0));
}

std::optional<std::string> environment_of(int pid, std::string_view variable) {
    const auto text = read_file(proc(living_thread(pid), "environ").c_str(), 8U << 20U);
    if (!text) return std::nullopt;
    for (std::string_view rest = *text; !rest.empty();) {
        const auto end = std::min(rest.find('\0'), rest.size());
        const auto entry = rest.substr(0, end);
        if (entry.size() > variable.size() && entry.starts_with(variable) &&
            entry[variable.size()] == '=') {
            return std::string(entry.substr(variable.size() + 1));
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return std::nullopt;
}

bool holds_one_of(int pid, const std::vector<FileId>& files) {
    const auto path = fmt::format("/proc/{}/fd", pid);
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
    if (!folder) return false;
    while (const dirent* entry = ::readdir(folder.get())) {
        struct stat facts {};
        if (::fstatat(::dirfd(folder.get()), entry->d_name, &facts, 0) < 0) continue;
        if (std::find(files.begin(), files.end(), FileId{facts.st_dev, facts.st_ino}) !=
            files.end()) {
            return true;
        }
    }
    return false;
}

void signal_child(int pid, int number) noexcept { (void)::kill(pid, number); }

std::optional<Process> Process::open(ProcessId id) {
    if (id.pid <= 0) return std::nullopt;
    const auto raw = ::syscall(SYS_pidfd_open, id.pid, 0);
    if (raw < 0) {
        if (errno == ENOSYS)
            fail("this kernel is too old: once needs pidfd, so Linux 5.3 or later");
        return std::nullopt;  // gone; or no descriptor is left, and then nobody is signalled
    }
    Handle handle(raw);
    // Only now the number is sure to stay this process's: ask whose it is.
    const auto facts = read_process(id.pid);
    if (!facts || facts->id != id) return std::nullopt;
    return Process(id, std::move(handle));
}

bool Process::signal(int number) const noexcept {
    return ::syscall(SYS_pidfd_send_signal, descriptor(handle_), number, nullptr, 0) == 0;
}

}  // namespace once::os
