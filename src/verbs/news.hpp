#pragma once

#include <string>

#include "claim/lease.hpp"
#include "job/supervisor.hpp"

namespace once::verbs {

/// What happened to a job, in words; empty for what is told with -v only, or not at all.
std::string news_text(const job::News& news, const claim::Lease& lease);

}  // namespace once::verbs
