#include "claim/restart.hpp"

#include "base/failure.hpp"
#include "claim/announcement.hpp"
#include "claim/description.hpp"
#include "claim/eviction.hpp"
#include "claim/gate.hpp"
#include "claim/holder.hpp"
#include "claim/traces.hpp"
#include "os/file_watch.hpp"
#include "os/state_folder.hpp"

namespace once::claim {
namespace {

constexpr int once_token = 930;
constexpr int folder_token = 931;

void refuse(const Holding& holding, const Record& self, int status, const os::StateFolder& folder) {
    const auto& record = holding.record;
    const auto who = describe(record);
    if (holding.state == State::elsewhere) {
        throw Failure(status,
                      who + " runs in another container or network namespace, so it is left alone");
    }
    if (is_our_ancestor(record)) {
        throw Failure(status, "this command was started by " + who +
                                  ", and would end with it; it is left alone");
    }
    if (holding.state == State::launching) {
        throw Failure(status, who + " has not launched its command yet");
    }
    if (holding.state == State::stopping || holding.state == State::leftover) {
        throw Failure(status, who + " is ending; it cannot be launched again by its once");
    }
    if (!record.can_restart) {
        throw Failure(status, who +
                                  " cannot be launched again by its once: it has a pipe, or other "
                                  "open files, from where it was started\n"
                                  "start it there again; what has --detach or --restart can be");
    }
    for (const auto& slot : holding.slots) {
        if (const auto rival = read_rival(folder, slot, self)) {
            const bool is_restart = rival->verb == Verb::restart;
            throw Failure(
                status,
                who + (is_restart ? " is being launched again by " : " is being replaced by ") +
                    describe(*rival));
        }
    }
}

// Somebody else may have had it launched again since it was read.
void look_again(const os::StateFolder& folder, Holding& holding) {
    const auto file = record_file(holding.slots.front(), holding.record);
    const auto now = parse(folder.read(file).value_or(""));
    if (!now || now->job != holding.record.job) return;
    holding.record = *now;
    holding.state = state_from_here(*now);
}

bool runs_again(const Record& now, const Record& before) {
    const bool is_another = now.leader.pid != 0 && now.leader != before.leader;
    return is_another && (!now.awaits_ready || now.ready_since);
}

// The run that was asked for was over before its record could be written.
bool has_failed_at_once(const Record& now, const Record& before) {
    const int runs_again = now.restarts - before.restarts - (before.is_backing_off ? 0 : 1);
    return now.is_backing_off && runs_again > 0;
}

void await_next_run(const os::StateFolder& folder, const os::FileWatch& records,
                    const Holding& holding, const os::Process& once, Waiting& waiting) {
    waiting.events().watch(records.handle(), folder_token);
    waiting.events().watch(once.handle(), once_token);
    const auto file = record_file(holding.slots.front(), holding.record);
    while (true) {
        records.drain();
        const auto now = parse(folder.read(file).value_or(""));
        const bool is_it = now && now->job == holding.record.job;
        if (is_it && runs_again(*now, holding.record)) return;
        if (is_it && has_failed_at_once(*now, holding.record)) {
            throw Failure(exit_status::unavailable,
                          describe(holding.record) + " has failed at once, and is backing off");
        }
        const auto event = waiting.next(std::nullopt);
        const auto* ready = std::get_if<os::Ready>(&event);
        if (ready != nullptr && ready->token == once_token) {
            throw Failure(exit_status::unavailable,
                          describe(holding.record) + " has ended, and does not run again");
        }
    }
}

}  // namespace

void restart(Holding holding, const Record& self, int conflict_status, Waiting& waiting) {
    const auto folder = os::StateFolder::make(os::state_path(), self.boot);
    const auto once = os::Process::open(holding.record.once);
    if (!once) {
        throw Failure(conflict_status, describe(holding.record) + " has just ended");
    }
    const os::FileWatch records(folder.path());  // before anybody is asked: it can fail
    Announcement request(folder, self);
    {
        // Of two that ask at the same time one is refused: its TERM would be nobody's request.
        const auto gate = take_gate(folder, waiting);
        look_again(folder, holding);
        refuse(holding, self, conflict_status, folder);
        // A record alone is no reason to signal anybody.
        const auto holder = proven(holding);
        if (!holder) {
            throw Failure(conflict_status, describe(holding.record) + " has just ended");
        }
        for (const auto& slot : holding.slots) request.make(slot);
        ask_holder(*holder);
    }
    await_next_run(folder, records, holding, *once, waiting);
}

}  // namespace once::claim
