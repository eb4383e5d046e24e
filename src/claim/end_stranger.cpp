#include "claim/end_stranger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <set>

#include "base/failure.hpp"
#include "claim/description.hpp"
#include "claim/guard.hpp"
#include "claim/leftovers.hpp"

namespace once::claim {
namespace {

constexpr int first_root_token = 920;

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

// A job whose roots are held by their handles: they stay who they are.
struct Held {
    Stranger stranger;
    std::vector<os::Process> roots;
};

bool share_somebody(const Stranger& one, const Stranger& other) {
    return std::any_of(one.members.begin(), one.members.end(), [&](const auto& mine) {
        return std::any_of(other.members.begin(), other.members.end(),
                           [&](const auto& theirs) { return theirs.id == mine.id; });
    });
}

std::optional<Stranger> find_again(const Stranger& seen) {
    for (auto& stranger : find_strangers(seen.sockets.front().port)) {
        if (share_somebody(stranger, seen)) return stranger;
    }
    return std::nullopt;
}

std::vector<os::Process> hold_roots(const Stranger& stranger) {
    std::vector<os::Process> roots;
    for (const auto& root : stranger.roots) {
        if (auto process = os::Process::open(root.id)) roots.push_back(std::move(*process));
    }
    return roots;
}

bool are_among(const std::vector<os::ProcessFacts>& roots, const std::vector<os::Process>& held) {
    return std::all_of(roots.begin(), roots.end(), [&](const os::ProcessFacts& root) {
        return std::any_of(held.begin(), held.end(),
                           [&](const os::Process& one) { return one.id() == root.id; });
    });
}

// The job as it is when its roots are held; what was read of it before may be old: a script may
// have gone on to its next command, a root may have ended and left the rest behind. Nothing if it
// has the port no more, or is another at each look.
std::optional<Held> hold(Stranger seen) {
    constexpr int most_looks = 10;
    for (int look = 0; look < most_looks; ++look) {
        auto roots = hold_roots(seen);
        auto now = find_again(seen);
        if (!now) break;
        if (are_among(now->roots, roots)) {
            std::erase_if(roots, [&](const os::Process& held) {
                return std::none_of(now->roots.begin(), now->roots.end(),
                                    [&](const auto& root) { return root.id == held.id(); });
            });
            return Held{std::move(*now), std::move(roots)};
        }
        seen = std::move(*now);
    }
    return std::nullopt;
}

}  // namespace

void end_stranger(const Stranger& seen, Duration timeout, int conflict_status, Waiting& waiting,
                  const Say& say) {
    const auto held = hold(seen);
    if (!held) return;
    const auto& stranger = held->stranger;
    if (guard_of(stranger)) throw Failure(conflict_status, describe(stranger));
    say(fmt::format("ending {}: pid {}", describe_process(stranger.roots.front().id.pid),
                    pids_text(stranger.members)));
    Victim victim(stranger);
    const auto begun = Clock::now();
    ask_roots(held->roots, timeout, waiting);
    // What is left of the time is for the rest; somewhat, also behind roots that used it up.
    const auto spent = std::chrono::duration_cast<Duration>(Clock::now() - begun);
    sweep([&] { return victim.look(); }, std::max(timeout - spent, timeout / 4), waiting,
          "was asked to end");
}

}  // namespace once::claim
