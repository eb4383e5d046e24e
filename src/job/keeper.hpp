#pragma once

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
    /// Absolute paths to remove when the job is gone and `once` is not there to do so: records, a
    /// pid file.
    std::vector<std::string> leftovers;
};

/// The keeper's whole story: it waits for its children, does what `once` orders, tells what `once`
/// has to know, and if `once` dies without a word, stops and sweeps the job by itself. Returns when
/// nobody is left of the job.
void keep(os::Custody& custody, const KeeperPlan& plan);

}  // namespace once::job
