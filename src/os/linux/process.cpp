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
#include "os/linux/proc_text.hpp"
#include "os/linux/read_file.hpp"

namespace once::os {
namespace {

std::string proc(int pid, const char* file) { return fmt::format("/proc/{}/{}", pid, file); }

std::vector<int> threads_of(int pid) {
    const auto folder = ProcFolder::open(proc(pid, "task").c_str());
    return folder ? folder->numbers() : std::vector<int>();
}

}  // namespace

std::optional<ProcessFacts> read_process(int pid) {
    if (pid <= 0) return std::nullopt;
    const auto path = proc(pid, "stat");
    const Handle file(insist([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
    if (!file) return std::nullopt;
    // One line, far shorter than this, which the kernel writes at once.
    std::array<char, 1024> line;
    const auto got = insist([&] { return ::read(descriptor(file), line.data(), line.size()); });
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
    for (const int thread : threads_of(pid)) {
        if (thread != pid) return thread;
    }
    return pid;
}

std::vector<ProcessFacts> read_children(int pid, int threads) {
    std::vector<ProcessFacts> children;
    for (const int thread : threads > 1 ? threads_of(pid) : std::vector<int>{pid}) {
        const auto text = read_file(fmt::format("/proc/{}/task/{}/children", pid, thread).c_str());
        for (const int child : parse_children(text.value_or(""))) {
            if (auto facts = read_process(child)) children.push_back(std::move(*facts));
        }
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

bool is_dying(ProcessId id) {
    const auto facts = read_process(id.pid);
    return !facts || facts->id != id || facts->is_dying();
}

std::string command_line(int pid) {
    auto line = joined_arguments(read_file(proc(pid, "cmdline").c_str(), 1U << 16U).value_or(""));
    if (!line.empty()) return line;
    const auto facts = read_process(pid);
    return fmt::format("[{}]", facts ? facts->name : "?");
}

std::vector<std::string> arguments_of(int pid) {
    return parse_arguments(read_file(proc(pid, "cmdline").c_str(), 1U << 16U).value_or(""));
}

std::string folder_of(int pid) {
    std::string target(4096, '\0');
    const auto got = ::readlink(proc(pid, "cwd").c_str(), target.data(), target.size());
    target.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return target;
}

std::optional<std::uint32_t> owner_of(int pid) {
    struct stat facts {};
    const auto path = proc(pid, "");
    if (insist([&] { return ::stat(path.c_str(), &facts); }) < 0) return std::nullopt;
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
    if (const auto share = parse_share(smaps)) return *share;
    const auto statm = read_file(proc(pid, "statm").c_str()).value_or("");
    return parse_pages(statm) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool ignores_signal(int pid, int number) {
    const auto text = read_file(proc(pid, "status").c_str());
    return text && has_ignored(*text, number);
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
    return text ? find_variable(*text, variable) : std::nullopt;
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
    const auto raw = insist([&] { return ::syscall(SYS_pidfd_open, id.pid, 0); });
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
