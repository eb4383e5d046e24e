#pragma once

#include <functional>
#include <optional>
#include <string>

#include "claim/waiting.hpp"

namespace once::claim {

/// Who is dying has lost its memory already, and with that the mark of its job; then it loses its
/// files, and nobody can be named for a socket that listens yet. Waits for the end of all of our
/// user's who are dying, for as long as the kernel can need for that.
void await_dying(Waiting& waiting);

/// What `why` tells, if it still does when those are gone who were dying when it was asked: it is
/// asked again in any case, since they may be gone before we look for them.
std::optional<std::string> past_the_dying(Waiting& waiting,
                                          const std::function<std::optional<std::string>()>& why);

}  // namespace once::claim
