#pragma once

#include <variant>

#include "verbs/logs.hpp"
#include "verbs/restart.hpp"
#include "verbs/run.hpp"
#include "verbs/status.hpp"
#include "verbs/stop.hpp"
#include "verbs/who.hpp"

namespace once::cli {

struct HelpRequest {};
struct VersionRequest {};

using Request =
    std::variant<verbs::RunRequest, verbs::StatusRequest, verbs::StopRequest, verbs::WhoRequest,
                 verbs::LogsRequest, verbs::RestartRequest, HelpRequest, VersionRequest>;

/// Turns the command line into a request, and does nothing else. Options end at the first word that
/// is none, or at `--`. Throws a Failure (125) that names the option, its value, and what is
/// accepted.
Request parse(int argc, char** argv);

}  // namespace once::cli
