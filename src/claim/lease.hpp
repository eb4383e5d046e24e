#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "claim/record.hpp"
#include "claim/slot.hpp"
#include "os/state_folder.hpp"

namespace once::claim {

/// Our right to some slots, for as long as it lives: the locks are held, and tell in their first
/// line who we are; a record beside each tells of the launched job. When it goes it erases both and
/// opens the locks, which the keeper shares: they are free when both have let go.
class Lease {
public:
    /// `locks` has one lock for each of `slots`. Writes `self` into them, for those who look under
    /// the gate, as whoever makes a lease does. If `self` inherits crashed jobs, their traces stay,
    /// and so does this line, until `settle`.
    Lease(std::shared_ptr<const os::StateFolder> folder, std::vector<Slot> slots,
          std::vector<os::Lock> locks, Record self);
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) noexcept = delete;
    ~Lease();

    [[nodiscard]] const Record& record() const { return record_; }
    [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }

    /// Nothing is left of the crashed jobs, or there are none.
    void settle();

    /// What the record shall say; `inscribe` writes it.
    Record& record() { return record_; }

    /// Writes the records. False if one cannot be written: no running job shall end because a disk
    /// is full.
    bool inscribe() noexcept;

    /// Remembers, beyond this lease, where the log of its job is.
    void note_log() noexcept;

    /// The open locks, for the keeper to share.
    [[nodiscard]] std::vector<const os::Handle*> handles() const;

    /// Another launch that waits for one of these slots, if there is a living one.
    [[nodiscard]] std::optional<Record> successor() const;

    /// Leaves records and locks to the keeper, which has somebody left to wait for.
    void leave_to_keeper() noexcept { folder_.reset(); }

private:
    std::shared_ptr<const os::StateFolder> folder_;
    std::vector<Slot> slots_;
    std::vector<os::Lock> locks_;
    Record record_;
    bool is_settled_;
    bool is_inscribed_ = false;
};

}  // namespace once::claim
