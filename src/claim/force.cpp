#include "claim/force.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/failure.hpp"
#include "base/log.hpp"
#include "claim/description.hpp"
#include "claim/end_stranger.hpp"
#include "claim/eviction.hpp"
#include "claim/guard.hpp"
#include "claim/holdings.hpp"
#include "claim/port.hpp"
#include "claim/stranger.hpp"

namespace once::claim {
namespace {

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
        const auto holder = holding != nullptr ? proven(*holding) : std::nullopt;
        if (!holder || is_our_ancestor(*holder)) {
            all.strangers.push_back(std::move(stranger));
            continue;
        }
        const auto is_it = [&](const Record& one) { return one.job == holder->job; };
        if (std::none_of(all.jobs.begin(), all.jobs.end(), is_it)) all.jobs.push_back(*holder);
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
