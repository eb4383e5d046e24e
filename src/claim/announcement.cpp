#include "claim/announcement.hpp"

#include "claim/traces.hpp"

namespace once::claim {

void Announcement::make(const Slot& slot) {
    slots_.push_back(slot);
    folder_.write(successor_file(slot, self_), to_text(self_));
}

void Announcement::withdraw() noexcept {
    for (const auto& slot : slots_) {
        const auto there = parse(folder_.read(successor_file(slot, self_)).value_or(""));
        if (there && there->job == self_.job) folder_.remove(successor_file(slot, self_));
    }
    slots_.clear();
}

}  // namespace once::claim
