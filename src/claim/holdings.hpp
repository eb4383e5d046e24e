#pragma once

#include <optional>
#include <string>
#include <vector>

#include "claim/claim.hpp"
#include "claim/holder.hpp"
#include "claim/record.hpp"
#include "claim/slot.hpp"

namespace once::claim {

/// A job that `once` started, and how it is now.
struct Holding {
    Record record;
    State state = State::gone;
    std::vector<Slot> slots;  ///< that it holds
};

/// The state of a job as it is seen from here, beside any launch: one that claims ports of another
/// network namespace is elsewhere, since its ports and their locks are not ours.
State state_from_here(const Record& record);

/// All that is held, or left over, in the state folder of this boot, each job once. Read without
/// any lock: true a moment ago. `warn` hears of records that cannot be read.
std::vector<Holding> read_holdings(const Say& warn);

/// What of its record is proven (see holder.hpp), by the lock of its first slot.
std::optional<Record> proven(const Holding& holding);

/// The one of `holdings` to which a process belongs: it descends from its `once` or its keeper, or
/// a crashed one has left it. Of nested ones the innermost. What a deliberate daemon of a job has
/// started is its own.
const Holding* holding_of(int pid, const std::vector<Holding>& holdings);

/// The processes of a job, `once` and its keeper first; of a crashed one what it left.
std::vector<os::ProcessFacts> processes_of(const Record& record);

/// `8001`, `8001,8002 web`, or `(folder)`
std::string slots_text(const Record& record);

/// What a user types to mean it: its name, a port, or empty.
std::string target_of(const Record& record);

/// Is it meant by this word: a port of our network namespace, a name, or `.`, for all in this
/// folder that have neither?
bool is_meant(const Record& record, const std::string& target);

/// The one that is meant; null if nobody holds that. Throws a Failure if `.` means several.
const Holding* the_one_meant(const std::vector<Holding>& holdings, const std::string& target);

}  // namespace once::claim
