#include "claim/holdings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/failure.hpp"
#include "claim/traces.hpp"
#include "job/offspring.hpp"
#include "os/machine.hpp"
#include "os/state_folder.hpp"

namespace once::claim {
namespace {

// A port means something within one network namespace only.
bool has_our_ports(const Record& record) {
    return record.ports.empty() || record.network_namespace == os::network_namespace();
}

bool is_among(const os::ProcessFacts& one, const std::vector<os::ProcessFacts>& some) {
    return std::any_of(some.begin(), some.end(),
                       [&](const os::ProcessFacts& other) { return other.id == one.id; });
}

}  // namespace

State state_from_here(const Record& record) {
    const auto state = state_of(record);
    return state == State::gone || has_our_ports(record) ? state : State::elsewhere;
}

std::vector<Holding> read_holdings(const Say& warn) {
    std::vector<Holding> holdings;
    const auto folder = os::StateFolder::open(os::state_path(), os::boot_id());
    if (!folder) return holdings;
    for (const auto& name : folder->names()) {
        constexpr std::string_view ending = ".lock";
        if (!name.ends_with(ending)) continue;
        const auto stem = name.substr(0, name.size() - ending.size());
        const auto slot = Slot::parse_file_name(stem);
        if (!slot) continue;
        const auto file = stem + ".json";
        const auto text = folder->read(file);
        auto record = text ? parse(*text) : std::nullopt;
        if (text && !record) {
            warn(fmt::format("the record '{}/{}' is damaged", folder->path(), file));
        }
        // Without a record the lock itself tells who has it.
        if (!record) record = parse(folder->read(name).value_or(""));
        if (!record) continue;
        // A launch with several slots has a record beside each.
        const auto is_same = [&](const Holding& one) { return one.record.job == record->job; };
        const auto known = std::find_if(holdings.begin(), holdings.end(), is_same);
        if (known != holdings.end()) {
            known->slots.push_back(*slot);
            continue;
        }
        const auto state = state_from_here(*record);
        if (state != State::gone) holdings.push_back({std::move(*record), state, {*slot}});
    }
    return holdings;
}

std::optional<Record> proven(const Holding& holding) {
    const auto folder = os::StateFolder::open(os::state_path(), holding.record.boot);
    if (!folder) return std::nullopt;
    return proven(holding.record,
                  folder->identify(lock_file(holding.slots.front(), holding.record)));
}

const Holding* holding_of(int pid, const std::vector<Holding>& holdings) {
    auto process = os::read_process(pid);
    const auto own = process;
    auto below = process;  // the one on the way up before it
    for (int steps = 0; process && steps < 1000; ++steps) {
        for (const auto& one : holdings) {
            if (!is_readable_here(one.record)) continue;
            if (process->id == one.record.once || process->id == one.record.keeper) {
                return is_daemon_of(one.record, *below) ? nullptr : &one;
            }
        }
        below = process;
        process = os::read_process(process->parent);
    }
    if (!own) return nullptr;
    // What a crashed one has left has lost its parents: then the mark tells. Of one that lives
    // nobody has, and who only inherited its environment (at, cron) is none of it.
    for (const auto& one : holdings) {
        if (one.state == State::leftover && is_among(*own, leftovers_of(one.record).job)) {
            return &one;
        }
    }
    return nullptr;
}

std::vector<os::ProcessFacts> processes_of(const Record& record) {
    if (!is_held(record)) return leftovers_of(record).job;
    std::vector<os::ProcessFacts> processes;
    for (const int pid : {record.once.pid, record.keeper.pid}) {
        const auto process = os::read_process(pid);
        const bool is_it = process && (process->id == record.once || process->id == record.keeper);
        if (is_it) processes.push_back(*process);
    }
    for (const int pid : job::pids_below(record.keeper.pid)) {
        const auto process = os::read_process(pid);
        if (process && !process->is_zombie()) processes.push_back(*process);
    }
    return processes;
}

std::string slots_text(const Record& record) {
    std::string text = fmt::format("{}", fmt::join(record.ports, ","));
    if (!record.name.empty()) text += (text.empty() ? "" : " ") + record.name;
    return text.empty() ? "(folder)" : text;
}

std::string target_of(const Record& record) {
    if (!record.name.empty()) return record.name;
    return record.ports.empty() ? std::string() : std::to_string(record.ports.front());
}

bool is_meant(const Record& record, const std::string& target) {
    if (target == ".") {
        return record.name.empty() && record.ports.empty() &&
               record.folder == os::canonical_folder(target);
    }
    if (record.name == target) return true;
    const auto is_port = [&](os::Port port) { return std::to_string(port) == target; };
    return std::any_of(record.ports.begin(), record.ports.end(), is_port) && has_our_ports(record);
}

const Holding* the_one_meant(const std::vector<Holding>& holdings, const std::string& target) {
    const auto is_it = [&](const Holding& one) { return is_meant(one.record, target); };
    const auto first = std::find_if(holdings.begin(), holdings.end(), is_it);
    if (first == holdings.end()) return nullptr;
    if (target == "." && std::find_if(first + 1, holdings.end(), is_it) != holdings.end()) {
        fail("several jobs of this folder have neither port nor name; give each a --name");
    }
    return &*first;
}

}  // namespace once::claim
