#include "claim/traces.hpp"

#include "claim/holder.hpp"

namespace once::claim {

std::string lock_file(const Slot& slot, const Record& self) {
    return slot.file_name(self.network_namespace) + ".lock";
}
std::string record_file(const Slot& slot, const Record& self) {
    return slot.file_name(self.network_namespace) + ".json";
}
std::string successor_file(const Slot& slot, const Record& self) {
    return slot.file_name(self.network_namespace) + ".next";
}

std::string log_file(const Slot& slot, const Record& self) {
    auto name = slot.file_name(self.network_namespace);
    // A rotated log of the name `x` is `name-x.1.log`, which must not be the log of the name `x.1`:
    // there is no + in a name.
    const auto last = name.find_last_not_of("0123456789");
    const bool looks_rotated = slot.number() == 0 && last + 1 < name.size() && name[last] == '.';
    return name + (looks_rotated ? "+.log" : ".log");
}

std::vector<std::string> paths_of(const std::vector<Slot>& slots, const Record& self,
                                  std::string (*file)(const Slot&, const Record&)) {
    const auto folder = os::state_path() + '/' + self.boot + '/';
    std::vector<std::string> paths;
    paths.reserve(slots.size());
    for (const auto& slot : slots) paths.push_back(folder + file(slot, self));
    return paths;
}

std::string log_place_file(const Slot& slot, const Record& self) {
    return slot.file_name(self.network_namespace) + ".where";
}

std::string log_path(const Slot& slot, const Record& self) {
    return os::state_path() + '/' + self.boot + '/' + log_file(slot, self);
}

Traces read_traces(const os::StateFolder& folder, const Slot& slot, const Record& self,
                   const os::Lock* held) {
    Traces traces;
    std::vector<Record> found;
    const auto text = folder.read(record_file(slot, self));
    if (auto record = text ? parse(*text) : std::nullopt) {
        found.push_back(std::move(*record));
    } else {
        traces.is_damaged = text.has_value();
    }
    auto claimant = parse(held != nullptr ? held->read_line()
                                          : folder.read(lock_file(slot, self)).value_or(""));
    if (claimant && (found.empty() || found.front().job != claimant->job)) {
        found.push_back(std::move(*claimant));
    }
    for (auto& one : found) {
        const bool is_here = is_readable_here(one);
        if (is_here && !is_held(one)) {
            traces.crashed.push_back(std::move(one));
        } else if (is_here || !traces.holder) {
            traces.holder = std::move(one);
        }
    }
    return traces;
}

std::optional<Record> read_announcement(const os::StateFolder& folder, const Slot& slot,
                                        const Record& self) {
    auto next = parse(folder.read(successor_file(slot, self)).value_or(""));
    const bool counts = next && is_readable_here(*next) && next->once != self.once;
    return counts ? std::move(next) : std::nullopt;
}

std::optional<Record> read_rival(const os::StateFolder& folder, const Slot& slot,
                                 const Record& self) {
    auto next = read_announcement(folder, slot, self);
    return next && os::is_alive(next->once) ? std::move(next) : std::nullopt;
}

}  // namespace once::claim
