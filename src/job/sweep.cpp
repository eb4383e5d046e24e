#include "job/sweep.hpp"

#include <algorithm>
#include <csignal>

namespace once::job {
namespace {

// After a death there is often another: they are looked at together.
constexpr Duration after_a_death = std::chrono::milliseconds(1);
constexpr Duration longest_after_a_death = std::chrono::milliseconds(20);
// Between two rounds of killing; doubled up to the second bound. The deaths themselves wake us up
// earlier; this is for those who fork faster than they die.
constexpr Duration first_pause = std::chrono::milliseconds(5);
constexpr Duration longest_pause = std::chrono::seconds(10);
constexpr Duration stuck_after = std::chrono::milliseconds(1500);
// How many deaths are waited for by name; with more, we look again after a while instead.
constexpr std::size_t most_watched = 64;
constexpr Duration look_again = std::chrono::milliseconds(50);
// How long a daemon may need to close what it has inherited.
constexpr Duration longest_doubt = std::chrono::milliseconds(250);
constexpr Duration look_at_doubtful = std::chrono::milliseconds(10);

}  // namespace

Sweep::Sweep(os::Events& events, int first_token, Look look, IsEmpty is_empty, HasHeard has_heard)
    : events_(events),
      next_token_(first_token),
      look_(std::move(look)),
      is_empty_(std::move(is_empty)),
      has_heard_(std::move(has_heard)),
      pause_(first_pause) {}

bool Sweep::round(Measure measure) {
    next_look_.reset();
    // What was forked during the first look is seen by the second.
    for (int empty = 0; empty < 2; ++empty) {
        if (is_empty_ && is_empty_()) return true;
        const auto begun = Clock::now();
        auto found = look_();
        look_took_ = std::chrono::duration_cast<Duration>(Clock::now() - begun);
        daemons_ = std::move(found.daemons);
        if (found.job.empty()) continue;
        measure == Measure::kill ? kill(found.job) : ask(found, measure);
        return false;
    }
    // Somebody is there whom two looks have missed: he forks faster than we can look.
    if (is_empty_ && daemons_.empty()) {
        look_within(pause_);
        pause_ = std::min(2 * pause_, longest_pause);
        return false;
    }
    return true;
}

// Who proves by its children that nobody is left hears of the death of each.
bool Sweep::is_own_child(const os::ProcessFacts& process) const {
    return is_empty_ && process.parent == self_;
}

void Sweep::look_within(Duration pause) {
    const auto then = Clock::now() + pause;
    if (!next_look_ || then < *next_look_) next_look_ = then;
}

// Of a thousand that are dying nobody wants to hear all the time how many are left.
void Sweep::look_soon() {
    look_within(std::clamp(4 * look_took_, after_a_death, longest_after_a_death));
}

void Sweep::on_ready(int token) {
    watched_.erase(token);
    look_soon();
}

bool Sweep::is_in_doubt(const os::ProcessFacts& process, const Offspring& found) {
    const auto& doubtful = found.doubtful;
    if (std::find(doubtful.begin(), doubtful.end(), process.id) == doubtful.end()) return false;
    const auto now = Clock::now();
    if (!doubting_since_) doubting_since_ = now;
    return now - *doubting_since_ < longest_doubt;
}

void Sweep::ask(const Offspring& found, Measure measure) {
    bool all_watched = true;
    for (const auto& process : found.job) {
        if (is_in_doubt(process, found)) {
            look_within(look_at_doubtful);
            continue;
        }
        const auto is_it = [&](const auto& one) { return one.second.id() == process.id; };
        const bool is_watched = std::any_of(watched_.begin(), watched_.end(), is_it);
        const bool asks =
            !asked_.contains(process.id) && !(measure == Measure::ask_deaf && has_heard_(process));
        if (is_watched && !asks) continue;
        // It keeps its number until we reap it, and its death is told us.
        if (is_own_child(process)) {
            if (!asks) continue;
            os::signal_child(process.id.pid, SIGTERM);
            os::signal_child(process.id.pid, SIGCONT);
            asked_.insert(process.id);
            continue;
        }
        auto hold = os::Process::open(process.id);
        if (!hold) {
            all_watched = false;
            continue;
        }
        if (asks) {
            (void)hold->signal(SIGTERM);
            (void)hold->signal(SIGCONT);  // a stopped one keeps the TERM for later
            asked_.insert(process.id);
        }
        if (is_watched) continue;
        if (watched_.size() == most_watched) {
            all_watched = false;
            continue;
        }
        events_.watch(hold->handle(), next_token_);
        watched_.emplace(next_token_++, std::move(*hold));
    }
    if (!all_watched) look_within(look_again);
}

void Sweep::kill(const std::vector<os::ProcessFacts>& job) {
    for (const auto& process : job) {
        if (is_own_child(process)) {
            os::signal_child(process.id.pid, SIGKILL);
        } else if (const auto hold = os::Process::open(process.id)) {
            (void)hold->signal(SIGKILL);
        }
    }
    const auto now = Clock::now();
    if (!killing_since_) killing_since_ = now;
    if (!has_told_stuck_ && now - *killing_since_ >= stuck_after) {
        has_told_stuck_ = true;
        stuck_ = job;
    }
    look_within(pause_);
    pause_ = std::min(2 * pause_, longest_pause);
}

}  // namespace once::job
