#include "claim/holder.hpp"

#include <algorithm>

#include "job/port_watch.hpp"
#include "os/machine.hpp"

namespace once::claim {
namespace {

// So long a server may take until it is called one that does not listen.
constexpr std::chrono::seconds time_to_listen(30);

}  // namespace

bool is_readable_here(const Record& record) {
    return record.boot == os::boot_id() && record.pid_namespace == os::pid_namespace();
}

bool is_held(const Record& record) {
    return os::is_alive(record.once) || (record.keeper.pid != 0 && os::is_alive(record.keeper));
}

State state_of(const Record& record) {
    if (!is_readable_here(record)) return State::elsewhere;
    if (!is_held(record)) return leftovers_of(record).job.empty() ? State::gone : State::leftover;
    if (record.is_backing_off) {
        return os::is_alive(record.once) ? State::backing_off : State::stopping;
    }
    if (record.leader.pid == 0) return State::launching;
    const auto leader = os::read_process(record.leader.pid);
    if (record.is_stopping || !os::is_alive(record.once) || !leader ||
        leader->id != record.leader || leader->is_zombie()) {
        return State::stopping;
    }
    if (leader->is_stopped()) return State::suspended;
    const bool is_awaited = record.awaits_ready && !record.ready_since;
    if (is_awaited) return State::starting;
    if (record.ports.empty()) return record.awaits_ready ? State::ready : State::running;
    const bool all_listen =
        std::all_of(record.ports.begin(), record.ports.end(), [&](os::Port port) {
            return job::look_at(port, record.keeper.pid).standing == job::PortLook::Standing::ours;
        });
    if (all_listen) return State::ready;
    const bool is_young = os::age_of(record.leader) < time_to_listen;
    return is_young && !record.ready_since ? State::starting : State::not_listening;
}

bool is_healthy(State state) { return state == State::ready || state == State::running; }

std::optional<Record> proven(Record record, const std::optional<os::FileId>& lock) {
    if (!lock) {
        const auto leader = os::read_process(record.leader.pid);
        const bool is_leader = leader && leader->id == record.leader &&
                               leader->parent == record.keeper.pid &&
                               carries_mark(*leader, {record.job});
        const auto keeper = os::read_process(record.keeper.pid);
        const bool is_once =
            os::is_dying(record.once) || (keeper && keeper->parent == record.once.pid);
        return is_leader && is_once ? std::optional(std::move(record)) : std::nullopt;
    }
    const bool has_keeper = record.keeper.pid != 0 && os::holds_one_of(record.keeper.pid, {*lock});
    // Beside a keeper that has it a once that lives and has not is somebody else, forged or
    // damaged into the record; it would be asked to end. One on its way out has closed it.
    const bool has_once =
        os::holds_one_of(record.once.pid, {*lock}) || (has_keeper && os::is_dying(record.once));
    if (!has_once) return std::nullopt;
    if (!has_keeper) record.keeper = {};
    return record;
}

bool is_daemon_of(const Record& record, const os::ProcessFacts& child) {
    const bool is_of_the_job =
        child.id == record.once || child.id == record.keeper || child.id == record.leader;
    return !is_of_the_job && job::is_spared(child, daemon_rule(record));
}

bool is_our_ancestor(const Record& record) {
    if (!is_readable_here(record)) return false;
    auto process = os::read_process(os::own_pid());
    auto below = process;  // the one on the way up before it
    auto under = process;  // and the one before that
    for (int steps = 0; process && steps < 1000; ++steps) {
        const bool is_once = process->id == record.once;
        if (is_once || process->id == record.keeper) {
            // In its first moments a record does not name the keeper, which is below its once.
            const bool is_keeper_unnamed = is_once && record.keeper.pid == 0;
            return !is_daemon_of(record, is_keeper_unnamed ? *under : *below);
        }
        under = std::move(below);
        below = process;
        process = os::read_process(process->parent);
    }
    return false;
}

job::DaemonRule daemon_rule(const Record& record) {
    return {!record.sweeps_daemons, record.session, record.stdio, record.ports};
}

job::Offspring leftovers_of(const Record& crashed) {
    auto jobs = crashed.inherited;
    jobs.push_back(crashed.job);
    return job::look_for(
        [&](const os::ProcessFacts& process) { return carries_mark(process, jobs); },
        daemon_rule(crashed));
}

bool carries_mark(const os::ProcessFacts& process, const std::vector<std::string>& jobs) {
    if (os::owner_of(process.id.pid) != os::user_id()) return false;
    const auto mark = os::environment_of(process.id.pid, "ONCE_JOB");
    if (!mark) return false;
    for (std::string_view rest = *mark; !rest.empty();) {
        const auto end = std::min(rest.find(':'), rest.size());
        if (std::find(jobs.begin(), jobs.end(), rest.substr(0, end)) != jobs.end()) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

}  // namespace once::claim
