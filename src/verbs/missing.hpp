#pragma once

#include <optional>
#include <string>

namespace once::verbs {

/// The usual log of a target, which outlives its job; nothing if there was none on this boot.
std::optional<std::string> log_left_by(const std::string& target);

/// That nobody holds it; and, if the last job there has left a log, how to read that.
std::string missing_text(const std::string& target);

/// What may follow that: how to see who else has the port; empty if nobody listens there.
std::string who_hint(const std::string& target);

}  // namespace once::verbs
