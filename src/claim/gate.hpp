#pragma once

#include "claim/waiting.hpp"
#include "os/state_folder.hpp"

namespace once::claim {

/// Whoever asks for a slot, or asks a holder for something, goes through here one by one, so that
/// what he sees stays true until he has acted on it. Throws what `waiting` throws.
os::Lock take_gate(const os::StateFolder& folder, Waiting& waiting);

}  // namespace once::claim
