#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/handle.hpp"

namespace once::os {

/// Names one process for ever: a pid comes back after a while, a pid with its start time does not.
struct ProcessId {
    int pid = 0;
    std::uint64_t started = 0;  ///< clock ticks since boot, as the kernel counts them

    bool operator==(const ProcessId&) const = default;
    bool operator<(const ProcessId& other) const {
        return std::pair(pid, started) < std::pair(other.pid, other.started);
    }
};

/// What the process table says about one process at one moment.
struct ProcessFacts {
    ProcessId id;
    int parent = 0;
    int group = 0;
    int session = 0;
    char state = '?';  ///< R S D T Z …, as ps shows it
    std::string name;  ///< at most 15 bytes, chosen by the process itself
    int threads = 1;
    bool is_exiting = false;                ///< its first thread is on its way out
    std::chrono::milliseconds cpu_time{0};  ///< spent so far, in the kernel too
    bool is_kernel_thread = false;

    /// Dead, and only waiting to be reaped. One whose first thread has ended shows as Z as well,
    /// while the others run on.
    [[nodiscard]] bool is_zombie() const { return (state == 'Z' || state == 'X') && threads <= 1; }
    /// Dead, or about to be: what it had open may be closed already.
    [[nodiscard]] bool is_dying() const { return is_zombie() || (is_exiting && threads <= 1); }
    [[nodiscard]] bool is_stopped() const { return state == 'T' || state == 't'; }
};

/// The facts of a process, or nothing if there is none with this pid.
std::optional<ProcessFacts> read_process(int pid);

/// Of all processes that are visible.
std::vector<ProcessFacts> read_processes();

/// A thread of this process whose files and environment can be read: itself, unless its first
/// thread has ended while others run on.
int living_thread(int pid);

/// The children of a process with so many threads, each of which may have some, as the kernel lists
/// them without a look at all others; empty where it does not (CONFIG_PROC_CHILDREN).
std::vector<ProcessFacts> read_children(int pid, int threads = 1);

/// This process, and the one that started it (pid 0 if it is outside of our pid namespace). The
/// facts throw a Failure where /proc is not to be had.
ProcessFacts own_facts();
ProcessId own_id();
int own_pid();
int parent_pid();

/// True while the very process lives; a zombie does not.
bool is_alive(ProcessId id);
/// True if it is gone, or about to be: what it had open may be closed already.
bool is_dying(ProcessId id);

/// Its arguments, joined with blanks; its name in brackets where they are not readable.
std::string command_line(int pid);

/// Its arguments, the program's name first; empty where they are not readable.
std::vector<std::string> arguments_of(int pid);

/// Its working directory; empty where it is not readable.
std::string folder_of(int pid);

/// The user who owns it; nothing if it is gone.
std::optional<std::uint32_t> owner_of(int pid);

/// The control group it is in, as /proc/PID/cgroup has it (cgroups(7)); empty where it is not
/// readable.
std::string control_group_of(int pid);

/// The inode number of its pid namespace; 0 where it is not readable.
std::uint64_t pid_namespace_of(int pid);

/// The memory that is its own, in bytes: its share of all that is shared (PSS), or all that it
/// has mapped in (RSS) where that is not readable. 0 if it is gone.
std::uint64_t memory_of(int pid);

/// True if it ignores this signal; false too if it is gone.
bool ignores_signal(int pid, int number);

/// How long it has lived.
std::chrono::seconds age_of(ProcessId id);

/// The value of a variable in the environment that it was started with; nothing if it has none, or
/// if we may not read it.
std::optional<std::string> environment_of(int pid, std::string_view variable);

/// Names one file, whatever its path.
struct FileId {
    std::uint64_t device = 0, inode = 0;
    bool operator==(const FileId&) const = default;
};

/// True if the process has one of these files open; false too if we may not look.
bool holds_one_of(int pid, const std::vector<FileId>& files);

/// Signals a child of ours that was not reaped: until then its number is its own.
void signal_child(int pid, int number) noexcept;

/// A hold on one process that a recycled pid cannot fool (a pidfd). Readable when it has ended.
class Process {
public:
    /// Takes hold of exactly this process; nothing if it is gone.
    static std::optional<Process> open(ProcessId id);

    [[nodiscard]] ProcessId id() const { return id_; }
    [[nodiscard]] const Handle& handle() const { return handle_; }

    /// Sends a signal. False if it is gone or not ours to signal.
    bool signal(int number) const noexcept;

private:
    Process(ProcessId id, Handle handle) : id_(id), handle_(std::move(handle)) {}
    ProcessId id_;
    Handle handle_;
};

}  // namespace once::os
