#include "claim/lease.hpp"

#include "base/failure.hpp"
#include "claim/traces.hpp"

namespace once::claim {

Lease::Lease(std::shared_ptr<const os::StateFolder> folder, std::vector<Slot> slots,
             std::vector<os::Lock> locks, Record self)
    : folder_(std::move(folder)),
      slots_(std::move(slots)),
      locks_(std::move(locks)),
      record_(std::move(self)),
      is_settled_(record_.inherited.empty()) {
    const auto line = to_text(record_);
    for (std::size_t i = 0; i < locks_.size(); ++i) {
        if (!locks_[i].write_line(line)) {
            fail("cannot write '{}/{}': is the disk full?", folder_->path(),
                 lock_file(slots_[i], record_));
        }
    }
}

Lease::~Lease() {
    if (!folder_ || !is_settled_) return;
    // The keeper has removed the records already, but perhaps before we wrote them.
    if (is_inscribed_) {
        for (const auto& slot : slots_) folder_->remove(record_file(slot, record_));
    }
    for (const auto& lock : locks_)
        (void)lock.write_line("\n");  // a line that is left tells of a crash
}

void Lease::settle() {
    if (std::exchange(is_settled_, true)) return;
    record_.inherited.clear();
    for (const auto& slot : slots_) {
        folder_->remove(record_file(slot, record_));
        folder_->remove_unfinished(record_file(slot, record_));
        folder_->remove_unfinished(log_place_file(slot, record_));
    }
}

bool Lease::inscribe() noexcept {
    is_inscribed_ = true;
    const auto text = to_text(record_);
    bool is_written = true;
    for (const auto& slot : slots_) {
        is_written = folder_->try_write(record_file(slot, record_), text) && is_written;
    }
    return is_written;
}

void Lease::note_log() noexcept {
    for (const auto& slot : slots_) {
        (void)folder_->try_write(log_place_file(slot, record_), record_.log);
    }
}

std::vector<const os::Handle*> Lease::handles() const {
    std::vector<const os::Handle*> handles;
    for (const auto& lock : locks_) handles.push_back(&lock.handle());
    return handles;
}

std::optional<Record> Lease::successor() const {
    for (const auto& slot : slots_) {
        if (auto next = read_rival(*folder_, slot, record_)) return next;
    }
    return std::nullopt;
}

}  // namespace once::claim
