#pragma once

#include "claim/waiting.hpp"

namespace once::claim {

/// Who is dying has lost its memory already, and with that the mark of its job; then it loses its
/// files, and nobody can be named for a socket that listens yet. Waits for the end of all of our
/// user's who are dying, for as long as the kernel can need for that.
void await_dying(Waiting& waiting);

}  // namespace once::claim
