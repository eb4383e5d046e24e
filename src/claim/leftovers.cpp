#include "claim/leftovers.hpp"

#include <csignal>

#include "base/failure.hpp"
#include "base/log.hpp"
#include "claim/description.hpp"
#include "claim/holder.hpp"
#include "job/lifecycle.hpp"
#include "job/sweep.hpp"

namespace once::claim {

job::Offspring leftovers_of(const Record& crashed) {
    auto jobs = crashed.inherited;
    jobs.push_back(crashed.job);
    const job::DaemonRule rule{true, crashed.session, crashed.stdio, crashed.ports};
    return job::look_for(
        [&](const os::ProcessFacts& process) { return carries_mark(process, jobs); }, rule);
}

void sweep_leftovers(const Record& crashed, Waiting& waiting) {
    constexpr int first_process_token = 1000;
    job::Sweep sweep(waiting.events(), first_process_token, [&] { return leftovers_of(crashed); },
                     {}, {});
    job::Lifecycle life({SIGTERM, crashed.stop_timeout});
    // Its leader is one of them, if it lives at all: nobody waits for it any more.
    (void)life.on(job::Lifecycle::Event::leader_gone, Clock::now());
    const auto measure = [&] {
        return life.phase() == job::Lifecycle::Phase::killing ? job::Sweep::Measure::kill
                                                              : job::Sweep::Measure::ask;
    };
    while (!sweep.round(measure())) {
        if (const auto stuck = sweep.take_stuck(); !stuck.empty()) {
            throw Failure(exit_status::conflict,
                          fmt::format("cannot end {}, which a crashed job left",
                                      describe_process(stuck.front().id.pid)));
        }
        const auto now = Clock::now();
        if (life.deadline() && *life.deadline() <= now) {
            (void)life.on(job::Lifecycle::Event::time_up, now);
            continue;
        }
        const auto look = sweep.next_look();
        const auto clock = life.deadline();
        const auto event =
            waiting.next(clock && look ? std::min(*clock, *look) : (clock ? clock : look));
        if (const auto* ready = std::get_if<os::Ready>(&event)) sweep.on_ready(ready->token);
    }
    log::debug("nothing is left of the crashed job {}", crashed.job);
}

void refuse_foreign_leftovers(const Claim& claim, const Record& crashed) {
    if (crashed.folder == claim.self.folder) return;
    const auto left = leftovers_of(crashed).job;
    if (left.empty()) return;
    throw Failure(claim.conflict_status,
                  fmt::format("a crashed job of another folder left processes behind: {}\n"
                              "they are left alone; to end them: kill {}",
                              describe_process(left.front().id.pid), pids_text(left)));
}

}  // namespace once::claim
