#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "claim/record.hpp"
#include "claim/slot.hpp"
#include "os/state_folder.hpp"

namespace once::claim {

/// Our right to some slots, for as long as it lives: the locks are held, and a record beside each
/// tells everybody else who we are. When it goes it erases the records and opens the locks, which
/// the keeper shares: they are free when both have let go.
class Lease {
public:
    /// `locks` has one lock for each of `slots`. Writes `record` into them: only for those who look
    /// under the gate, as whoever makes a lease does.
    Lease(std::shared_ptr<const os::StateFolder> folder, std::vector<Slot> slots,
          std::vector<os::Lock> locks, Record record);
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) noexcept = delete;
    ~Lease();

    [[nodiscard]] const Record& record() const { return record_; }
    [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }

    /// Writes the records. Throws a Failure that names the file that cannot be written.
    void inscribe(const Record& record);

    /// The same as far as it goes: no running job shall end because a disk is full.
    void try_inscribe(const Record& record);

    /// The open locks, for the keeper to share, and the records, for it to erase.
    [[nodiscard]] std::vector<const os::Handle*> handles() const;
    [[nodiscard]] std::vector<std::string> record_paths() const;

    /// Another launch that waits for one of these slots, if there is a living one.
    [[nodiscard]] std::optional<Record> successor() const;

    /// Leaves records and locks to the keeper, which has something left to wait for.
    void leave_to_keeper() noexcept { folder_.reset(); }

private:
    std::shared_ptr<const os::StateFolder> folder_;
    std::vector<Slot> slots_;
    std::vector<os::Lock> locks_;
    Record record_;
};

/// The files of a slot: its lock, its record, and the record of the newest launch that waits for
/// it.
std::string lock_file(const Slot& slot, const Record& self);
std::string record_file(const Slot& slot, const Record& self);
std::string successor_file(const Slot& slot, const Record& self);

}  // namespace once::claim
