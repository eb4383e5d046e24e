#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ending.hpp"
#include "base/failure.hpp"
#include "claim/claim.hpp"
#include "job/endpoint.hpp"
#include "job/restarts.hpp"
#include "job/stop_plan.hpp"
#include "os/sockets.hpp"
#include "verbs/voice.hpp"

namespace once::verbs {

/// The process group of a job.
enum class Group {
    automatic,  ///< ours if there is a controlling terminal, else its own
    own,        ///< its own; with a controlling terminal that is handed over to it
    shared      ///< always ours
};

/// `once [OPTION]... COMMAND`: run a command as the only one.
struct RunRequest {
    std::vector<std::string> command;
    std::vector<os::Port> ports;
    std::string name;
    std::optional<claim::Policy> policy;      ///< else ONCE_POLICY, else replace
    std::optional<Duration> patience;         ///< --wait=DUR
    std::vector<job::Endpoint> dependencies;  ///< --wait-for: they answer before the launch
    Duration dependency_timeout = std::chrono::seconds(30);
    job::StopPlan stop;
    Group group = Group::automatic;
    bool force = false;
    bool sweep_daemons = false;
    bool with_parent = false;
    bool dry_run = false;
    std::optional<Duration> ready;           ///< how long it may take to become ready
    std::optional<job::Endpoint> ready_url;  ///< what must answer then; with `ready` only
    job::RestartPlan restart;
    std::optional<std::uint64_t> max_memory;  ///< bytes
    std::optional<Duration> ttl;
    bool detach = false;
    std::string log_file;  ///< empty: that of the slot, in the state folder
    bool log_timestamps = false;
    std::uint64_t log_max_size = 10 << 20;  ///< bytes
    std::size_t log_keep = 3;               ///< files beside the current one
    std::string folder;                     ///< --chdir; empty: where we are
    std::string pid_file;                   ///< empty: none
    int conflict_status = exit_status::conflict;
    VoiceSettings voice;
};

/// Runs it, and answers with how it ended. `begun` is when this launch began, in ns since boot.
/// Throws a Failure for whatever keeps it from being launched.
Ending run(const RunRequest& wish, Voice& voice, std::uint64_t begun);

}  // namespace once::verbs
