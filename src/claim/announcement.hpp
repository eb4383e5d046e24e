#pragma once

#include <vector>

#include "claim/record.hpp"
#include "claim/slot.hpp"
#include "os/state_folder.hpp"

namespace once::claim {

/// What we want of the holder of some slots, written beside them before it is asked: so it knows
/// who asks, and for what. It stands for as long as this object lives.
class Announcement {
public:
    /// Both outlive this object.
    Announcement(const os::StateFolder& folder, const Record& self)
        : folder_(folder), self_(self) {}
    ~Announcement() { withdraw(); }
    Announcement(const Announcement&) = delete;
    Announcement& operator=(const Announcement&) = delete;

    void make(const Slot& slot);
    /// One that came after ours stays.
    void withdraw() noexcept;

private:
    const os::StateFolder& folder_;
    const Record& self_;
    std::vector<Slot> slots_;
};

}  // namespace once::claim
