#include "job/lifecycle.hpp"

namespace once::job {

void Lifecycle::start_clock(Phase phase, TimePoint now, Duration patience) {
    phase_ = phase;
    deadline_ = now + patience;
}

Lifecycle::Action Lifecycle::ask(TimePoint now) {
    if (plan_.signal == SIGKILL) return kill();
    start_clock(Phase::asked, now, plan_.timeout);
    return {.ask_leader = true};
}

Lifecycle::Action Lifecycle::drain(TimePoint now) {
    start_clock(Phase::draining, now, plan_.timeout / 2);
    return {.ask_deaf = true};
}

Lifecycle::Action Lifecycle::sweep(TimePoint now) {
    // Whoever has been draining has had half of the time already.
    const auto patience =
        phase_ == Phase::draining ? plan_.timeout - plan_.timeout / 2 : plan_.timeout;
    start_clock(Phase::sweeping, now, patience);
    return {.ask_rest = true};
}

Lifecycle::Action Lifecycle::kill() {
    phase_ = Phase::killing;
    deadline_.reset();
    return {.kill_all = true};
}

Lifecycle::Action Lifecycle::on(Event event, TimePoint now) {
    if (is_finished()) return {};
    if (event == Event::leader_gone || event == Event::group_gone) leader_gone_ = true;
    if (event == Event::kill) return kill();
    if (event == Event::nobody_left) {
        // The leader's ending comes by itself, and soon: until then there is somebody.
        if (!leader_gone_) return {};
        phase_ = Phase::finished;
        deadline_.reset();
        return {};
    }
    switch (phase_) {
        case Phase::running:
        case Phase::nudged:
            if (event == Event::leader_gone) return sweep(now);
            if (event == Event::group_gone) return drain(now);
            if (event == Event::stop || event == Event::time_up) return ask(now);
            if (event == Event::clock) start_clock(Phase::asked, now, plan_.timeout);
            if (event == Event::nudge && phase_ == Phase::running) {
                start_clock(Phase::nudged, now, plan_.timeout);
            }
            return {};
        case Phase::asked:
            if (event == Event::leader_gone) return sweep(now);
            if (event == Event::group_gone) return drain(now);
            if (event == Event::time_up) return kill();
            // The clock runs from the first request on; who asks again is passed on all the same.
            if (event == Event::stop) return {.ask_leader = true};
            return {};
        case Phase::draining:
            if (event == Event::time_up || event == Event::stop) return sweep(now);
            return {};
        case Phase::sweeping:
            if (event == Event::time_up) return kill();
            return {};
        case Phase::killing:
        case Phase::finished:
            return {};
    }
    return {};
}

}  // namespace once::job
