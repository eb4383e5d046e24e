#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "claim/record.hpp"

namespace once::claim {

/// Two starters that take a slot from each other again and again (two restart loops, a systemd unit
/// and a start script) would never end. A person who restarts in one terminal is one starter.

/// The same process, or the same unit or pm2 app?
bool is_same(const Starter& one, const Starter& other);

/// The history of a slot that goes from `holder` to somebody else at `now` (seconds since 1970):
/// what is older than a minute is forgotten.
std::vector<Change> changes_after(const Record& holder, std::int64_t now);

/// Why `self` is refused, in words: within the last minute the slot has changed hands three times
/// between its starter and others. Nothing if it has not.
std::optional<std::string> war_text(const Record& holder, const Starter& self, std::int64_t now);

}  // namespace once::claim
