#include "claim/leftovers.hpp"

#include <csignal>

#include "base/failure.hpp"
#include "base/log.hpp"
#include "claim/description.hpp"
#include "claim/holder.hpp"
#include "job/lifecycle.hpp"
#include "job/sweep.hpp"

namespace once::claim {

void sweep(const std::function<job::Offspring()>& look, Duration timeout, Waiting& waiting,
           std::string_view whose) {
    constexpr int first_process_token = 1000;
    job::Sweep sweep(waiting.events(), first_process_token, look, {}, {});
    job::Lifecycle life({SIGTERM, timeout});
    // Its leader is one of them, if it lives at all: nobody waits for it any more.
    (void)life.on(job::Lifecycle::Event::leader_gone, Clock::now());
    const auto measure = [&] {
        return life.phase() == job::Lifecycle::Phase::killing ? job::Sweep::Measure::kill
                                                              : job::Sweep::Measure::ask;
    };
    while (!sweep.round(measure())) {
        if (const auto stuck = sweep.take_stuck(); !stuck.empty()) {
            throw Failure(waiting.conflict_status(),
                          fmt::format("cannot end {}, which {}",
                                      describe_process(stuck.front().id.pid), whose));
        }
        const auto now = Clock::now();
        if (life.deadline() && *life.deadline() <= now) {
            (void)life.on(job::Lifecycle::Event::time_up, now);
            continue;
        }
        const auto next = sweep.next_look();
        const auto clock = life.deadline();
        const auto event =
            waiting.next(clock && next ? std::min(*clock, *next) : (clock ? clock : next));
        if (const auto* ready = std::get_if<os::Ready>(&event)) sweep.on_ready(ready->token);
    }
}

void sweep_leftovers(const Record& crashed, Waiting& waiting) {
    sweep([&] { return leftovers_of(crashed); }, crashed.stop_timeout, waiting,
          "a crashed job left");
    log::debug("nothing is left of the crashed job {}", crashed.job);
}

void refuse_foreign_leftovers(const Claim& claim, const Record& crashed) {
    if (crashed.folder == claim.self.folder || claim.ends_other_folders()) return;
    const auto left = leftovers_of(crashed).job;
    if (left.empty()) return;
    throw Failure(claim.conflict_status,
                  fmt::format("a crashed job of another folder left processes behind: {}\n"
                              "they are left alone; to end them: once stop --stale, or kill {}",
                              describe_process(left.front().id.pid), pids_text(left)));
}

}  // namespace once::claim
