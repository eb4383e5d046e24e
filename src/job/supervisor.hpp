#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ending.hpp"
#include "job/keeper.hpp"
#include "job/limits.hpp"
#include "job/port_watch.hpp"
#include "job/readiness.hpp"
#include "os/events.hpp"
#include "os/job.hpp"
#include "os/pipe.hpp"
#include "os/terminal.hpp"

namespace once::job {

/// What happens to a job that its user may want to hear of.
namespace news {
/// It has outlived its first moments, in which it costs nothing to speak of.
struct Settled {};
/// It listens on every claimed port, and what else it was to answer is answered.
struct Ready {};
/// It listens on `ports`, none of them claimed, and not on the claimed ones in `missing`.
struct Elsewhere {
    std::vector<os::Port> ports;
    std::vector<os::Port> missing;
};
/// It has had its 30 seconds, and does not listen on `missing`.
struct Silent {
    std::vector<os::Port> missing;
};
/// A stranger was first; the job is stopped.
struct PortLost {
    PortLook look;
};
/// It was asked to end, and has its time for that.
struct Stopping {};
/// Another `once` takes our place.
struct Replaced {};
/// `once restart`: it is stopped to be launched again.
struct RestartAsked {};
/// --with-parent: the job is stopped.
struct ParentGone {};
/// Somebody killed the keeper; so is the job.
struct KeeperGone {};
/// A deliberate daemon stays.
struct Spared {
    int pid = 0;
};
/// This one does not go.
struct Stuck {
    int pid = 0;
};
}  // namespace news
using News = std::variant<news::Settled, news::Ready, news::Elsewhere, news::Silent, news::PortLost,
                          news::Stopping, news::Replaced, news::RestartAsked, news::ParentGone,
                          news::KeeperGone, news::Spared, news::Stuck>;

/// Another `once` asks us to end the job, or to launch it again.
enum class Request { end, restart };

/// What to look after while a job runs. References are the caller's, and outlive the call.
struct Supervision {
    ReadinessPlan ready;
    LimitsPlan limits;
    bool own_group = false;
    const os::Terminal* handed_over = nullptr;  ///< the terminal, if the job's group has it
    const os::Process* parent = nullptr;        ///< with whom the job shall end
    const os::Process* caller = nullptr;        ///< likewise, until `tell` has cleared it
    os::Pipe* output = nullptr;                 ///< what the job writes, if it is ours to keep
    KeeperPlan keeper;                          ///< should we have to do its work
    std::function<std::optional<Request>(int pid)> request_of;  ///< what a TERM of this one means
    std::function<void(const News&)> tell;
    std::function<void(std::string_view)> take_output;
};

/// Why we ended the job ourselves.
using Trouble = std::variant<NotReady, TooLarge, TooOld>;

/// How it went.
struct Outcome {
    Ending ending;
    std::optional<PortLook> lost_port;  ///< a stranger was first on it
    std::optional<Trouble> trouble;
    bool was_asked = false;           ///< somebody wanted it to end, and no other launch of it
    bool shall_restart = false;       ///< somebody wanted it to be launched again
    bool was_ready = false;           ///< or had nothing to become ready for
    bool has_stuck = false;           ///< somebody is left that cannot be ended
    bool had_time_to_listen = false;  ///< it lived until the first look at its ports
};

/// Lives with a job until it has ended and nobody of it is left, deliberate daemons apart.
Outcome supervise(os::Job& job, os::Events& events, const Supervision& wish);

}  // namespace once::job
