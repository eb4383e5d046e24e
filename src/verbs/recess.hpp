#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "job/supervisor.hpp"
#include "os/events.hpp"
#include "os/job.hpp"
#include "os/process.hpp"

namespace once::verbs {

/// What a pause between two runs came to.
struct Recess {
    bool goes_on = false;           ///< it is time for the next run
    bool was_interrupted = false;   ///< an INT ended it
    std::optional<job::News> news;  ///< what ended it, where that is worth a word
};

/// Waits for `pause` while no command runs: less if another `once` asks for a restart, and for the
/// last time if it or anybody else asks us to end, or if one of `bonds` does end. `request_of`
/// tells what the process with this pid has asked us for, if anything; `job` is the one that has
/// ended.
Recess take_recess(os::Events& events, os::Job& job, Duration pause,
                   const std::vector<const os::Process*>& bonds,
                   const std::function<std::optional<job::Request>(int)>& request_of);

}  // namespace once::verbs
