#include "job/readiness.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace once::job {
namespace {

// A page that is compiled when it is first asked for takes its time; one that hangs for ever is
// asked again.
constexpr Duration longest_answer = std::chrono::seconds(10);
// A server that writes down who asked it shall not be flooded.
constexpr Duration longest_pause = std::chrono::seconds(1);

}  // namespace

Readiness::Readiness(os::Events& events, int token, const ReadinessPlan& plan, int subreaper,
                     TimePoint launched)
    : events_(events),
      token_(token),
      plan_(plan),
      subreaper_(subreaper),
      looks_(launched, plan.within),
      missing_(plan.ports) {
    if (missing_.empty() && !plan_.url) looks_.finish();
}

void Readiness::look(TimePoint now) {
    const bool is_new = !missing_.empty() && look_at_ports();
    if (stranger_) return end(State::lost);
    if (missing_.empty()) {
        if (!plan_.url) return end(State::ready);
        ask(now);
        if (state_ != State::open) return;
    }
    looks_.step(now);
    if (is_new) looks_.confirm(now);
    if (!looks_.next()) give_up(now);
}

// Somebody who has accepted and keeps silent tells more than what came of the attempts before, but
// one who was asked just now tells nothing yet.
void Readiness::give_up(TimePoint now) {
    if (inquiry_ && now - asked_ >= longest_pause) {
        while (!inquiry_->is_done()) inquiry_->lose_patience();
        judge();
    }
    if (state_ == State::open) end(State::late);
}

bool Readiness::look_at_ports() {
    bool is_new = false;
    std::erase_if(missing_, [&](os::Port port) {
        auto look = look_at(port, subreaper_);
        if (look.standing == PortLook::Standing::strangers && !stranger_) stranger_ = look;
        const auto last = std::exchange(seen_[port], look.listener.inode);
        if (look.standing != PortLook::Standing::ours) return false;
        if (last == look.listener.inode) return true;
        is_new = true;
        return false;
    });
    if (missing_.empty()) log::debug("the job listens on every claimed port");
    return is_new;
}

void Readiness::ask(TimePoint now) {
    if (inquiry_) {
        if (now - asked_ < longest_answer) return;
        asked_ = now;
        inquiry_->lose_patience();
        return judge();
    }
    if (now < next_inquiry_) return;
    if (answer_.empty()) answer_ = "it does not answer";
    inquiry_.emplace(events_, token_, *plan_.url);
    asked_ = now;
    pause_ = std::min(2 * pause_, longest_pause);
    next_inquiry_ = now + pause_;
    judge();
}

void Readiness::on_answer() {
    if (inquiry_ && !inquiry_->is_done()) inquiry_->on_ready();
    judge();
}

void Readiness::judge() {
    if (!inquiry_ || !inquiry_->is_done()) return;
    const bool has_answered = inquiry_->has_answered();
    if (!has_answered) answer_ = inquiry_->why();
    inquiry_.reset();
    if (has_answered) end(State::ready);
}

void Readiness::finish() {
    looks_.finish();
    inquiry_.reset();
}

void Readiness::end(State state) {
    state_ = state;
    finish();
}

std::vector<os::Port> Readiness::elsewhere() const {
    auto ports = ports_of(subreaper_);
    std::erase_if(ports, [&](os::Port port) {
        return std::find(plan_.ports.begin(), plan_.ports.end(), port) != plan_.ports.end();
    });
    return ports;
}

std::vector<os::Port> Readiness::take_elsewhere(TimePoint now) {
    if (has_told_elsewhere_ || missing_.empty() || !looks_.has_settled(now)) return {};
    auto ports = elsewhere();
    has_told_elsewhere_ = !ports.empty();
    return ports;
}

NotReady Readiness::portrait() const {
    NotReady portrait;
    portrait.within = plan_.within.value_or(Duration(0));
    portrait.missing = missing_;
    portrait.stranger = stranger_;
    if (!missing_.empty()) portrait.elsewhere = elsewhere();
    if (plan_.url) portrait.url = plan_.url->text;
    portrait.answer = answer_;
    return portrait;
}

}  // namespace once::job
