#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "claim/waiting.hpp"
#include "job/endpoint.hpp"

namespace once::claim {

/// What has to answer before a launch, and how long it is waited for.
struct Dependencies {
    std::vector<job::Endpoint> endpoints;
    Duration timeout = std::chrono::seconds(30);  ///< for all of them; 0: one attempt each
    std::string folder;                           ///< where relative files are looked for
};

/// Told each second: which one is waited for, and a line that says so.
using Progress = std::function<void(const job::Endpoint&, const std::string& line)>;

/// Waits for them, one after the other: nobody shall be replaced for a launch that cannot start.
/// Throws a Failure (69) that names the one that has not answered in time; and whatever `waiting`
/// throws.
void await_dependencies(const Dependencies& dependencies, Waiting& waiting,
                        const Progress& progress);

/// What of it would be waited for now, in lines of words.
std::vector<std::string> foresee_dependencies(const Dependencies& dependencies, Waiting& waiting);

}  // namespace once::claim
