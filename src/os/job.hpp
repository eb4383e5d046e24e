#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ending.hpp"
#include "os/events.hpp"
#include "os/handle.hpp"
#include "os/process.hpp"
#include "os/terminal.hpp"

namespace once::os {

/// What is to be launched, and how its leader finds the world.
struct Command {
    std::string executable;                ///< the file, absolute or relative to `folder`
    std::vector<std::string> argv;         ///< at least one word
    std::vector<std::string> environment;  ///< NAME=value
    std::string folder;                    ///< absolute; entered before the command is searched
    SignalState signals;                   ///< what it inherits
    bool own_group = false;                ///< a process group of its own
    const Terminal* hand_over = nullptr;   ///< with own_group: the terminal that it shall have
    const Handle* output = nullptr;        ///< its stdout and stderr, with nothing on stdin; null:
                                           ///< all three are those of `once`
};

/// Who gets a signal: the leader alone, or its whole process group.
enum class Scope { leader, group };

/// What `once` asks of the keeper.
struct Order {
    enum class Kind {
        forward,  ///< pass a signal on, no more
        clock,    ///< the job has its signal already: begin the stop plan's clock
        nudge,    ///< likewise, but ask it properly when the clock has run out: it had a HUP
        stop,     ///< carry the stop plan out
        kill,     ///< now, and everything
        leave     ///< `once` goes now; the keeper stays with whom it cannot end
    };
    Kind kind = Kind::stop;
    int signal = 0;
    Scope scope = Scope::leader;
};

/// What the keeper tells `once`.
struct Report {
    enum class Kind {
        leader_ended,    ///< see `ending`
        leader_stopped,  ///< by job control, signal `number` (only with a terminal handed over)
        signal_seen,     ///< signal `number` reached the keeper too: it went to all of us
        daemon,          ///< process `number` is a deliberate daemon, and was spared
        stuck,           ///< process `number` does not go, not even killed
        swept,           ///< nobody is left but deliberate daemons; see `ending` again
        keeper_gone      ///< the keeper itself was killed
    };
    Kind kind = Kind::swept;
    int number = 0;
    bool from_kernel = false;
    Ending ending;
};

/// A child that changed its state.
struct ChildChange {
    int pid = 0;
    bool stopped = false;  ///< by signal `ending.value`; else it has ended
    Ending ending;
};

/// The hold that one process has on a job as its parent and subreaper: every descendant that loses
/// its own parent becomes its child. The keeper has it; `once` takes it over if the keeper dies.
class Custody {
public:
    /// `group` is the job's own, or 0 if it shares ours.
    Custody(ProcessId leader, int group, bool watch_stops, Handle channel,
            std::vector<ProcessId> others);

    [[nodiscard]] ProcessId leader() const { return leader_; }

    /// The process group in which the job began.
    [[nodiscard]] int group() const;

    /// Children of ours that are not the job's: we had them before the launch.
    [[nodiscard]] const std::vector<ProcessId>& others() const { return others_; }

    /// How the leader ended, once it was reaped here; `is_leader_gone` too if somebody else did.
    [[nodiscard]] std::optional<Ending> leader_ending() const { return leader_ending_; }
    [[nodiscard]] bool is_leader_gone() const { return leader_reaped_; }

    /// What happened to our children, one by one; nothing if there is no news. Reaps them.
    std::optional<ChildChange> next_change();

    /// True when we have no child at all, living or dead: the proof that nothing is left.
    [[nodiscard]] bool is_childless() const;

    /// Signals the leader, or its group if it has its own; only as long as it was not reaped, since
    /// until then neither its pid nor its group's number can mean anybody else.
    void signal(int number, Scope scope) noexcept;

    /// To `once`, and from it. Nothing without a channel.
    [[nodiscard]] const Handle& channel() const { return channel_; }
    void report(const Report& report) noexcept;
    std::optional<Order> next_order();

    /// True when `once` is gone (or when we are `once`).
    [[nodiscard]] bool is_alone() const { return !channel_; }

private:
    ProcessId leader_;
    int group_;
    bool watch_stops_;
    bool leader_reaped_ = false;
    std::optional<Ending> leader_ending_;
    Handle channel_;
    std::vector<ProcessId> others_;
};

/// One launched command with all that descends from it, seen from `once`. Behind it stands the
/// keeper, which holds the job together and ends it if `once` dies.
class Job {
public:
    /// What the keeper does from the launch on; returns when it is done.
    using Keep = std::function<void(Custody&)>;

    /// Forks the keeper, which waits: so that it is there when the slots are held. Whatever becomes
    /// of the launch, it goes with this object.
    static Job prepare(const Command& command, const Keep& keep);

    /// Launches the command below the keeper, which from now on shares the open files in `shared`
    /// (so the locks that we hold). `is_foreground`: our group has the terminal, which shall be the
    /// job's. Throws a Failure with 127 if the command was not found, 126 if it cannot be executed;
    /// nothing is left running then.
    void start(const std::vector<const Handle*>& shared, bool is_foreground);

    Job(Job&&) noexcept = default;
    Job& operator=(Job&&) noexcept = default;
    /// Waits for the keeper, which ends with the job. A job that still runs is stopped and swept,
    /// as if `once` had died.
    ~Job();

    [[nodiscard]] ProcessId leader() const { return leader_; }
    [[nodiscard]] ProcessId keeper() const { return keeper_; }
    /// The job's own process group; 0 if it shares ours.
    [[nodiscard]] int group() const { return group_; }

    /// Readable when there is a report.
    [[nodiscard]] const Handle& handle() const { return channel_; }
    std::optional<Report> next_report();
    void order(const Order& order) noexcept;

    /// After keeper_gone: its children are ours now.
    Custody take_over();

    /// Reaps what is not the job's: as pid 1 of a container we get every orphan.
    void reap_strangers() noexcept;

    /// Goes without the keeper, which stays for as long as somebody is left whom it cannot end, and
    /// keeps the locks meanwhile.
    void leave() noexcept;

private:
    Ending reap_keeper() noexcept;
    // Is this child of ours none of the job's?
    bool is_stranger(ProcessId child) const;
    bool carries_mark(ProcessId child) const;
    // Are there children of ours that the keeper has left?
    bool has_orphans() const;
    // The channel is closed: it has done its work, and ended as the leader did; or it was killed.
    Report end_of_keeper();
    // The keeper died before it could tell of the launch, or cannot be told to launch: whatever it
    // had launched goes with it.
    [[noreturn]] void give_up(const std::string& words);
    // If the job's group has got it, which is nobody's any more.
    void take_terminal_back() const noexcept;
    void kill_orphans();

    Job(Command command, ProcessId keeper, Handle channel)
        : command_(std::move(command)), keeper_(keeper), channel_(std::move(channel)) {}
    Command command_;
    ProcessId keeper_;
    ProcessId leader_;
    int group_ = 0;
    Handle channel_;
    std::vector<ProcessId> others_;
};

}  // namespace once::os
