#pragma once
// A play again and again, with one intervention at each of its places in turn.

#include "plays.hpp"

namespace once::test {

/// Kills each role at each of its calls, before it and after it; then the keeper and `once` both,
/// and the one at each call of the other.
void sweep_kills(const Play& play);

/// A short look: each role at its own calls.
void sample_kills(const Play& play);

/// Lets each call of each role fail, in each way that it can.
void sweep_errnos(const Play& play);

/// A short look: each call of each role fails in one of its ways, the next one for the next call.
void sample_errnos(const Play& play);

}  // namespace once::test
