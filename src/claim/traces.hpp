#pragma once

#include <optional>
#include <string>
#include <vector>

#include "claim/record.hpp"
#include "claim/slot.hpp"
#include "os/state_folder.hpp"

namespace once::claim {

/// The files of a slot: its lock, its record, and the record of the newest launch that waits for
/// it.
std::string lock_file(const Slot& slot, const Record& self);
std::string record_file(const Slot& slot, const Record& self);
std::string successor_file(const Slot& slot, const Record& self);

/// Where the output of a detached job goes unless its user says otherwise. It stays when the job
/// has ended.
std::string log_file(const Slot& slot, const Record& self);

/// Where these files of the slots are, or would be: those that `file` names.
std::vector<std::string> paths_of(const std::vector<Slot>& slots, const Record& self,
                                  std::string (*file)(const Slot&, const Record&));

/// Where the log of a job in the background is, if it has no other place.
std::string log_path(const Slot& slot, const Record& self);

/// Tells where the log of the last job in the background is, also when that has ended.
std::string log_place_file(const Slot& slot, const Record& self);

/// What the files of a slot say: the record of its job, and the first line of its lock, which tells
/// who has it before there is a record. Neither decides anything; the lock does.
struct Traces {
    std::optional<Record> holder;  ///< lives, or lives where we cannot see it
    std::vector<Record> crashed;   ///< once and keeper are gone
    bool is_damaged = false;       ///< there is a record that cannot be read
};

/// `self` tells which namespace we are in; `held` is the slot's lock if it is ours now. Certain
/// under the gate; without it what they said a moment ago.
Traces read_traces(const os::StateFolder& folder, const Slot& slot, const Record& self,
                   const os::Lock* held);

/// Another launch of ours that has announced itself for this slot, living or not.
std::optional<Record> read_announcement(const os::StateFolder& folder, const Slot& slot,
                                        const Record& self);

/// Likewise, and it lives.
std::optional<Record> read_rival(const os::StateFolder& folder, const Slot& slot,
                                 const Record& self);

}  // namespace once::claim
