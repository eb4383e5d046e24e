#pragma once

#include <string>

#include "base/ending.hpp"
#include "claim/lease.hpp"
#include "job/supervisor.hpp"

namespace once::verbs {

/// What happened to a job, in words; empty for what is told with -v only, or not at all.
std::string news_text(const job::News& news, const claim::Lease& lease);

/// Why we ended it ourselves: `'vite' was not ready within 30 s: it listens on port 5174, not on
/// 5173`
std::string trouble_text(const job::Trouble& trouble, const std::string& command);

/// `exited with 1`, `was killed by signal 9`
std::string ending_text(const Ending& ending);

}  // namespace once::verbs
