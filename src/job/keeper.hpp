#pragma once

#include <functional>
#include <string>
#include <vector>

#include "job/offspring.hpp"
#include "job/stop_plan.hpp"
#include "os/job.hpp"

namespace once::job {

/// What the one who holds a job together has to know. The keeper gets it by being forked.
struct KeeperPlan {
    StopPlan stop;
    DaemonRule daemons;
    std::string job;                   ///< its id
    std::vector<std::string> records;  ///< absolute paths; to be removed when the job is gone,
                                       ///< where they tell of it
    std::vector<std::string> locks;    ///< likewise; their first line is to be emptied
    std::string pid_file;              ///< likewise, if it still names the leader; empty: none
};

/// What `once` has to go on with while it does the work of a keeper that was killed.
struct Meanwhile {
    const os::Handle* output = nullptr;       ///< what the job writes; null: not ours to read
    std::function<void()> read_output;        ///< when there is something
    std::function<void(int pid)> tell_stuck;  ///< this one does not go
};

/// The keeper's whole story: it waits for its children, does what `once` orders, tells what `once`
/// has to know, and if `once` dies without a word, stops and sweeps the job by itself. When nobody
/// is left of the job it removes what told of it, so that this is done whoever dies, and returns.
/// True if somebody has asked us to end meanwhile, as it happens to `once` that took over.
bool keep(os::Custody& custody, const KeeperPlan& plan, const Meanwhile& meanwhile = {});

}  // namespace once::job
