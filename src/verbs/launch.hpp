#pragma once

#include <optional>

#include "base/ending.hpp"
#include "claim/lease.hpp"
#include "job/keeper.hpp"
#include "job/supervisor.hpp"
#include "os/background.hpp"
#include "os/events.hpp"
#include "os/job.hpp"
#include "os/pid_file.hpp"
#include "verbs/output.hpp"
#include "verbs/run.hpp"
#include "verbs/voice.hpp"

namespace once::verbs {

/// How the job lives with the terminal.
struct Grouping {
    std::optional<os::Terminal> terminal;
    bool own_group = false;
    bool hands_over = false;
};

/// What a launch works with, from the moment that its slots are held. All of it is the caller's,
/// and outlives the launch; what may be null is not wished for.
struct Stage {
    const RunRequest& wish;
    const Voice& voice;
    const Grouping& grouping;
    os::Events& events;
    claim::Lease& lease;
    const os::Command& command;
    const job::KeeperPlan& keeper;
    const os::Process* parent;  ///< with whom the job shall end
    os::PidFile* pid_file;
    os::Background* background;  ///< we are in it, and are to say when the job is up
    Output* output;              ///< the job's output is ours to keep
};

/// Runs the command below `job`, which was prepared for it, again and again where that is wished,
/// until it is over. Throws a Failure if the job did not become ready, outgrew its limits, or lost
/// its port.
Ending launch(const Stage& stage, os::Job job);

/// Forks the keeper of the next run, which waits for its start.
os::Job prepare(const os::Command& command, const job::KeeperPlan& plan);

}  // namespace once::verbs
