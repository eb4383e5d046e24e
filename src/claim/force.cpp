#include "claim/force.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "base/failure.hpp"
#include "base/log.hpp"
#include "claim/description.hpp"
#include "claim/eviction.hpp"
#include "claim/guard.hpp"
#include "claim/holdings.hpp"
#include "claim/leftovers.hpp"
#include "claim/port.hpp"
#include "claim/stranger.hpp"

namespace once::claim {
namespace {

constexpr int first_root_token = 920;
// A supervisor that starts it again does so at once, or after a moment (nodemon, systemd: 100 ms).
constexpr Duration respawn_watch = std::chrono::milliseconds(500);
constexpr Duration first_look = std::chrono::milliseconds(10);
constexpr Duration longest_pause = std::chrono::milliseconds(80);

void ignore_warning(const std::string&) {}

// Everybody who listens: jobs of ours by their records, and strangers.
struct Listeners {
    std::vector<Record> jobs;
    std::vector<Stranger> strangers;
};

Listeners find_listeners(os::Port port) {
    Listeners all;
    auto strangers = find_strangers(port);
    if (strangers.empty()) return all;
    const auto holdings = read_holdings(ignore_warning);
    for (auto& stranger : strangers) {
        const auto* holding =
            stranger.is_visible() ? holding_of(stranger.sharers.front(), holdings) : nullptr;
        // One in which we run ourselves is not asked to end: that would end us, too.
        if (holding == nullptr || !is_held(holding->record) || is_our_ancestor(holding->record)) {
            all.strangers.push_back(std::move(stranger));
            continue;
        }
        const auto is_it = [&](const Record& one) { return one.job == holding->record.job; };
        if (std::none_of(all.jobs.begin(), all.jobs.end(), is_it)) {
            all.jobs.push_back(holding->record);
        }
    }
    return all;
}

const Stranger* find_guarded(const Listeners& listeners) {
    const auto guarded =
        std::find_if(listeners.strangers.begin(), listeners.strangers.end(),
                     [](const Stranger& stranger) { return guard_of(stranger).has_value(); });
    return guarded == listeners.strangers.end() ? nullptr : &*guarded;
}

// Who is on its way out has lost its mark already (exit(2) lets the memory go before the files), so
// it may well be the holder's own.
bool is_leaving(const Stranger& stranger) {
    return !stranger.members.empty() &&
           std::all_of(stranger.members.begin(), stranger.members.end(),
                       [](const auto& member) { return os::is_dying(member.id); });
}

// One stranger's processes while they are ended: those whom we know, and what they start meanwhile.
class Victim {
public:
    explicit Victim(const Stranger& stranger) {
        for (const auto& member : stranger.members) {
            known_.push_back(member.id);
            sessions_.insert(member.session);
        }
        const auto table = os::read_processes();
        const auto living = find_living(table);
        for (const auto& process : table) {
            if (living.contains(process.id.pid)) groups_.insert(process.group);
        }
        for (const auto& process : table) {
            if (!living.contains(process.id.pid)) groups_.erase(process.group);
        }
        groups_.erase(0);  // said of every group that comes from outside of our namespace
    }

    job::Offspring look() {
        const auto table = os::read_processes();
        const auto living = find_living(table);
        job::Offspring found;
        for (const auto& process : table) {
            if (living.contains(process.id.pid) && !process.is_zombie()) {
                found.job.push_back(process);
            }
        }
        return found;
    }

private:
    std::set<int> find_living(const std::vector<os::ProcessFacts>& table) {
        forget_reused_groups(table);
        std::set<int> living;
        for (const auto& process : table) {
            if (is_known(process.id)) living.insert(process.id.pid);
        }
        // Children of those who live are theirs, until nobody new is found.
        for (bool has_found = true; has_found;) {
            has_found = false;
            for (const auto& process : table) {
                // What is put into a session of its own (a browser) is no part of the job.
                const bool is_theirs =
                    living.contains(process.parent) || groups_.contains(process.group);
                if (!is_theirs || living.contains(process.id.pid) ||
                    !sessions_.contains(process.session)) {
                    continue;
                }
                living.insert(process.id.pid);
                known_.push_back(process.id);
                has_found = true;
            }
        }
        return living;
    }

    // A group that has ended may come back as somebody else's: it is gone now, or has a new leader.
    // As long as anybody is in it, the kernel gives its number to no new process.
    void forget_reused_groups(const std::vector<os::ProcessFacts>& table) {
        std::erase_if(groups_, [&](int group) {
            const auto has_new_leader = [&](const os::ProcessFacts& process) {
                return process.id.pid == group && !is_known(process.id);
            };
            return std::any_of(table.begin(), table.end(), has_new_leader) ||
                   std::none_of(table.begin(), table.end(), [&](const os::ProcessFacts& process) {
                       return process.group == group;
                   });
        });
    }

    bool is_known(os::ProcessId id) const {
        return std::find(known_.begin(), known_.end(), id) != known_.end();
    }

    std::vector<os::ProcessId> known_;
    std::set<int> sessions_;
    // In which there was nobody else: who is in them now was started by one of those whom we know,
    // even if that one is gone.
    std::set<int> groups_;
};

// Asks the roots, and waits until they are gone or have had their time.
void ask_roots(const std::vector<os::Process>& roots, Duration timeout, Waiting& waiting) {
    int token = first_root_token;
    for (const auto& root : roots) {
        waiting.events().watch(root.handle(), token++);
        (void)root.signal(SIGTERM);
        (void)root.signal(SIGCONT);
    }
    const auto until = Clock::now() + timeout;
    for (std::size_t left = roots.size(); left > 0;) {
        const auto event = waiting.next(until);
        if (std::holds_alternative<os::TimeUp>(event)) break;
        const auto* ready = std::get_if<os::Ready>(&event);
        if (ready == nullptr || ready->token < first_root_token || ready->token >= token) continue;
        waiting.events().forget(
            roots[static_cast<std::size_t>(ready->token - first_root_token)].handle());
        --left;
    }
    // Those who end later are no news for whoever waits next.
    for (const auto& root : roots) waiting.events().forget(root.handle());
}

// The job below these roots as it is now; nothing if it has the port no more, or has got others.
std::optional<Stranger> find_again(os::Port port, const std::vector<os::Process>& roots) {
    const auto is_held = [&](const os::ProcessFacts& root) {
        return std::any_of(roots.begin(), roots.end(),
                           [&](const os::Process& one) { return one.id() == root.id; });
    };
    for (auto& stranger : find_strangers(port)) {
        const auto& now = stranger.roots;
        if (!now.empty() && std::all_of(now.begin(), now.end(), is_held)) return stranger;
    }
    return std::nullopt;
}

void end_stranger(const Stranger& seen, Duration timeout, int conflict_status, Waiting& waiting,
                  const Say& say) {
    std::vector<os::Process> roots;
    for (const auto& root : seen.roots) {
        if (auto process = os::Process::open(root.id)) roots.push_back(std::move(*process));
    }
    // Held by their handles, they stay who they are; what was read of them before may be old: a
    // script may have gone on to its next command.
    const auto current = find_again(seen.sockets.front().port, roots);
    if (!current) return;
    const auto& stranger = *current;
    std::erase_if(roots, [&](const os::Process& held) {
        return std::none_of(stranger.roots.begin(), stranger.roots.end(),
                            [&](const auto& root) { return root.id == held.id(); });
    });
    if (guard_of(stranger)) throw Failure(conflict_status, describe(stranger));
    say(fmt::format("ending {}: pid {}", describe_process(stranger.roots.front().id.pid),
                    pids_text(stranger.members)));
    Victim victim(stranger);
    const auto begun = Clock::now();
    ask_roots(roots, timeout, waiting);
    // What is left of the time is for the rest; somewhat, also behind roots that used it up.
    const auto spent = std::chrono::duration_cast<Duration>(Clock::now() - begun);
    sweep([&] { return victim.look(); }, std::max(timeout - spent, timeout / 4), waiting,
          "was asked to end");
}

// Half a second in which nobody may come back.
void watch_for_respawn(os::Port port, int conflict_status, Waiting& waiting) {
    const auto until = Clock::now() + respawn_watch;
    for (auto pause = first_look; Clock::now() < until;
         pause = std::min(2 * pause, longest_pause)) {
        const auto next = std::min(Clock::now() + pause, until);
        while (Clock::now() < next) (void)waiting.next(next);
        if (os::listeners(port).empty()) continue;
        const auto strangers = find_strangers(port);
        if (strangers.empty()) continue;
        throw Failure(conflict_status, fmt::format("somebody has started it again: {}",
                                                   describe(strangers.front())));
    }
}

}  // namespace

std::optional<std::string> why_guarded(os::Port port) {
    const auto listeners = find_listeners(port);
    const auto* guarded = find_guarded(listeners);
    return guarded != nullptr ? std::optional(describe(*guarded)) : std::nullopt;
}

std::optional<std::string> why_others_stay(os::Port port, const std::string& holder, bool force) {
    const auto listeners = find_listeners(port);
    if (force) {
        const auto* guarded = find_guarded(listeners);
        return guarded != nullptr ? std::optional(describe(*guarded)) : std::nullopt;
    }
    for (const auto& stranger : listeners.strangers) {
        if (!is_leaving(stranger)) return describe(stranger);
    }
    for (const auto& job : listeners.jobs) {
        if (job.job != holder) return fmt::format("port {} is held by {} too", port, describe(job));
    }
    return std::nullopt;
}

std::optional<std::string> why_not_endable(os::Port port) {
    const auto listeners = find_listeners(port);
    if (const auto* guarded = find_guarded(listeners)) return describe(*guarded);
    if (listeners.jobs.empty() && listeners.strangers.empty()) return why_not_free(port);
    return std::nullopt;
}

std::vector<std::string> foresee_end(os::Port port) {
    std::vector<std::string> lines;
    const auto listeners = find_listeners(port);
    for (const auto& job : listeners.jobs) lines.push_back("would end " + describe(job));
    for (const auto& stranger : listeners.strangers) {
        lines.push_back(fmt::format("would end {}: pid {}",
                                    describe_process(stranger.roots.front().id.pid),
                                    pids_text(stranger.members)));
    }
    return lines;
}

void end_listeners(os::Port port, Duration timeout, int conflict_status, Waiting& waiting,
                   const Say& say) {
    const auto listeners = find_listeners(port);
    if (const auto* guarded = find_guarded(listeners)) {
        throw Failure(conflict_status, describe(*guarded));
    }
    for (const auto& job : listeners.jobs) {
        say("ending " + describe(job));
        end_holder(job, waiting, say);
    }
    for (const auto& stranger : listeners.strangers) {
        end_stranger(stranger, timeout, conflict_status, waiting, say);
    }
    if (!listeners.strangers.empty()) watch_for_respawn(port, conflict_status, waiting);
}

}  // namespace once::claim
