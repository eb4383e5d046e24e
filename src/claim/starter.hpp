#pragma once

#include "claim/record.hpp"

namespace once::claim {

/// Who started us, as far as /proc and the environment tell. Reads several files: nothing for the
/// way to a launch.
Starter own_starter();

}  // namespace once::claim
