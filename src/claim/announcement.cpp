#include "claim/announcement.hpp"

#include "claim/traces.hpp"

namespace once::claim {

void Announcement::make(const Slot& slot) {
    slots_.push_back(slot);
    const auto file = successor_file(slot, self_);
    const auto text = to_text(self_);
    // Who only stops needs no place in the queue: a full disk keeps nobody from ending a job.
    if (!folder_.try_write(file, text) && self_.verb != Verb::stop) folder_.write(file, text);
}

void Announcement::withdraw() noexcept {
    for (const auto& slot : slots_) {
        const auto there = parse(folder_.read(successor_file(slot, self_)).value_or(""));
        if (there && there->job == self_.job) folder_.remove(successor_file(slot, self_));
    }
    slots_.clear();
}

}  // namespace once::claim
