#pragma once

#include <optional>

#include "base/clock.hpp"
#include "claim/claim.hpp"
#include "claim/record.hpp"
#include "claim/waiting.hpp"

namespace once::claim {

/// Asks a holder to end. Of several all are asked before the first is waited for, so that their
/// stop timeouts do not add up. Throws if it lives and cannot be signalled.
void ask_holder(const Record& holder);

/// Waits for the end of one that was asked: as `end_holder` does.
void end_asked_holder(const Record& holder, Waiting& waiting, const Say& say);

/// Asks a holder to end, once, and waits until its `once` and its keeper are gone, and with them
/// the job. A holder that does not answer within its own stop timeout is ended from outside, `once`
/// first: its keeper then sweeps the job. Throws if we are asked to end meanwhile, and with the
/// conflict status if something of the job cannot be ended: then its keeper is left alone, too.
void end_holder(const Record& holder, Waiting& waiting, const Say& say);

/// Waits until a holder's `once` and keeper are gone, or until the deadline.
void await_end(const Record& holder, Waiting& waiting, std::optional<TimePoint> deadline);

}  // namespace once::claim
