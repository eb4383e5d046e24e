#pragma once

#include <functional>
#include <vector>

#include "os/job.hpp"
#include "os/process.hpp"
#include "os/sockets.hpp"

namespace once::job {

/// What a deliberate daemon looks like: it is in another session than the leader, its own parent is
/// gone, it holds none of our stdio, and nothing below it listens on a claimed port. Such a process
/// (a tmux server, an ssh-agent) was meant to stay, and is spared with everything below it.
struct DaemonRule {
    bool spare = true;  ///< false: --sweep-daemons
    int session = 0;    ///< the leader's
    std::vector<os::FileId> stdio;
    std::vector<os::Port> ports;
};

/// The processes below one, or of one job, at one moment.
struct Offspring {
    std::vector<os::ProcessFacts> job;      ///< alive, and to be ended
    std::vector<os::ProcessFacts> daemons;  ///< the topmost of each family that is spared
    /// Of `job`: those who would be spared if they did not hold our stdio. A server that has just
    /// been started (tmux) closes it in a moment.
    std::vector<os::ProcessId> doubtful;
};

/// Everything below `root`, which is the job's subreaper: a child of it that is not `leader` has
/// lost its own parent. `others` are children that do not belong to the job.
Offspring look_below(int root, const os::Custody& custody, const DaemonRule& rule);

/// Of all visible processes those for which `belongs` is true, for a job whose subreaper is gone;
/// but no family in which we are ourselves.
Offspring look_for(const std::function<bool(const os::ProcessFacts&)>& belongs,
                   const DaemonRule& rule);

/// Is this one, which has lost its parent, a daemon by the rule?
bool is_spared(const os::ProcessFacts& orphan, const DaemonRule& rule);

/// All pids below `root` but those of zombies, itself not among them. None below 0.
std::vector<int> pids_below(int root);

/// Is this process below `root`, its subreaper? Found on the way up, so that nobody is missed who
/// is being forked, or loses a parent, while we look.
bool is_below(int pid, int root);

}  // namespace once::job
