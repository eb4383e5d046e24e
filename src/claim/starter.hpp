#pragma once

#include "claim/record.hpp"

namespace once::claim {

/// Who started us, as far as /proc and the environment tell: behind npm and the shell between it
/// and us the one who gave the command, so that somebody who says `npm run dev` again in the same
/// terminal is the same. Reads several files: nothing for the way to a launch.
Starter own_starter();

}  // namespace once::claim
