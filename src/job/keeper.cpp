#include "job/keeper.hpp"

#include <algorithm>

#include "job/lifecycle.hpp"
#include "job/sweep.hpp"
#include "os/pid_file.hpp"
#include "os/state_folder.hpp"

namespace once::job {
namespace {

using os::Order;
using os::Report;

class Keeper {
public:
    Keeper(os::Custody& custody, const KeeperPlan& plan, const Meanwhile& meanwhile)
        : custody_(custody),
          plan_(plan),
          meanwhile_(meanwhile),
          life_(plan.stop),
          self_(os::own_pid()),
          events_(os::Catch::everything),
          sweep_(
              events_, first_process_token,
              [this] { return look_below(self_, custody_, plan_.daemons); },
              custody.others().empty() ? Sweep::IsEmpty([this] { return custody_.is_childless(); })
                                       : Sweep::IsEmpty(),
              [this](const os::ProcessFacts& process) { return has_heard(process); }) {
        if (!custody_.is_alone()) events_.watch(custody_.channel(), channel_token);
        if (meanwhile_.output != nullptr) events_.watch(*meanwhile_.output, output_token);
    }

    void run() {
        if (custody_.is_alone()) act(Lifecycle::Event::stop);
        if (custody_.is_leader_gone()) act(Lifecycle::Event::leader_gone);
        // A leader that has ended before we listened is told by its CHLD, which is pending. Not
        // before: the Ctrl-C that ended it is an event too, with a lower number, and `once` has to
        // hear of that first. Who takes over may have had the CHLD already.
        if (custody_.is_alone()) collect();
        obey();
        while (!life_.is_finished()) {
            on(events_.next(deadline()));
            on_time(Clock::now());  // events without a pause must not make us forget it
        }
        // Before `once` hears of it: it may be gone at any moment.
        os::remove_files_that_tell(plan_.records, plan_.job);
        if (custody_.is_alone()) os::empty_locks_that_tell(plan_.locks, plan_.job);
        if (!plan_.pid_file.empty()) os::remove_pid_file(plan_.pid_file, custody_.leader().pid);
        for (const auto& daemon : sweep_.daemons()) {
            custody_.report({Report::Kind::daemon, daemon.id.pid, false, {}});
        }
        // Else our own end tells it. But daemons that we leave, or a death that looks like ours by
        // force, must not be taken for unfinished work.
        if (!sweep_.daemons().empty() || ending_ == Ending::killed(SIGKILL)) {
            custody_.report({Report::Kind::swept, 0, false, ending_});
        }
    }

    // What was ignored when we began is no request.
    [[nodiscard]] bool was_asked() const {
        return group_signal_ != 0 && !os::ignores_signal(self_, group_signal_);
    }

private:
    static constexpr int channel_token = 1;
    static constexpr int output_token = 2;
    static constexpr int first_process_token = 3;

    [[nodiscard]] std::optional<TimePoint> deadline() const {
        const auto clock = life_.deadline();
        const auto look = sweep_.next_look();
        return clock && look ? std::min(*clock, *look) : (clock ? clock : look);
    }

    void on(const os::Event& event) {
        if (const auto* signal = std::get_if<os::Signal>(&event)) {
            if (signal->number == SIGCHLD) return collect();
            if (signal->sender == self_) return;  // we are in the group that we signal
            // That of `once` comes with an order, in case that we were stopped.
            if (signal->number == SIGCONT && signal->sender == os::parent_pid()) return;
            note_group_signal(signal->number);
            custody_.report({Report::Kind::signal_seen, signal->number, signal->from_kernel, {}});
        } else if (const auto* ready = std::get_if<os::Ready>(&event)) {
            on_ready(ready->token);
        }
    }

    void on_ready(int token) {
        switch (token) {
            case channel_token:
                return obey();
            case output_token:
                return meanwhile_.read_output();
            default:
                return sweep_.on_ready(token);
        }
    }

    void on_time(TimePoint now) {
        if (life_.deadline() && *life_.deadline() <= now) act(Lifecycle::Event::time_up);
        if (!life_.is_finished() && sweep_.is_due(now)) sweep();
    }

    // Our children: the leader's ending is the job's.
    void collect() {
        bool has_ended = false;
        while (const auto change = custody_.next_change()) {
            if (change->pid != custody_.leader().pid) continue;
            if (change->stopped) {
                custody_.report({Report::Kind::leader_stopped, change->ending.value, false, {}});
                continue;
            }
            has_ended = true;
            ending_ = change->ending;
        }
        if (has_ended) {
            act(was_group_signalled() ? Lifecycle::Event::group_gone
                                      : Lifecycle::Event::leader_gone);
            // If that was all of the job, one report tells both.
            if (!life_.is_finished()) {
                custody_.report({Report::Kind::leader_ended, 0, false, ending_});
            }
        }
        if (!life_.is_sweeping()) return;
        if (custody_.is_childless()) return act(Lifecycle::Event::nobody_left);
        sweep_.look_soon();
    }

    void obey() {
        while (const auto order = custody_.next_order()) {
            switch (order->kind) {
                case Order::Kind::forward:
                    custody_.signal(order->signal, order->scope);
                    if (order->scope == os::Scope::group) note_group_signal(order->signal);
                    break;
                case Order::Kind::clock:
                    act(Lifecycle::Event::clock);
                    break;
                case Order::Kind::nudge:
                    act(Lifecycle::Event::nudge);
                    break;
                case Order::Kind::stop:
                    act(Lifecycle::Event::stop);
                    break;
                case Order::Kind::kill:
                    act(Lifecycle::Event::kill);
                    break;
                case Order::Kind::leave:
                    was_left_ = true;
                    break;
            }
        }
        if (custody_.is_alone() && !was_left_) act(Lifecycle::Event::stop);
    }

    // A signal that all of the job's group has had, from the terminal, from somebody outside, or
    // from us: a request to end, which is not made twice.
    void note_group_signal(int number) {
        if (!asks_to_end(number)) return;
        group_signal_ = number;
        group_signalled_ = Clock::now();
    }

    [[nodiscard]] bool was_group_signalled() const {
        return group_signalled_ && Clock::now() - *group_signalled_ < plan_.stop.timeout;
    }

    [[nodiscard]] bool has_heard(const os::ProcessFacts& process) const {
        return process.group == custody_.group() &&
               !os::ignores_signal(process.id.pid, group_signal_);
    }

    void act(Lifecycle::Event event) {
        const auto action = life_.on(event, Clock::now());
        if (action.ask_leader) ask_leader();
        if (action.ask_deaf || action.ask_rest || action.kill_all) sweep();
    }

    void ask_leader() {
        const auto leader = os::read_process(custody_.leader().pid);
        custody_.signal(plan_.stop.signal, os::Scope::leader);
        custody_.signal(SIGCONT, os::Scope::leader);  // a stopped one keeps TERM for later
        if (!leader || !leader->is_stopped()) return;
        // A Ctrl-Z has stopped all of the job, and a watcher waits for its worker.
        for (const auto& process : look_below(self_, custody_, plan_.daemons).job) {
            if (!process.is_stopped()) continue;
            if (const auto hold = os::Process::open(process.id)) (void)hold->signal(SIGCONT);
        }
    }

    [[nodiscard]] Sweep::Measure measure() const {
        if (life_.phase() == Lifecycle::Phase::killing) return Sweep::Measure::kill;
        return life_.phase() == Lifecycle::Phase::draining ? Sweep::Measure::ask_deaf
                                                           : Sweep::Measure::ask;
    }

    void sweep() {
        if (sweep_.round(measure())) return act(Lifecycle::Event::nobody_left);
        for (const auto& process : sweep_.take_stuck()) {
            custody_.report({Report::Kind::stuck, process.id.pid, false, {}});
            if (meanwhile_.tell_stuck) meanwhile_.tell_stuck(process.id.pid);
        }
    }

    os::Custody& custody_;
    const KeeperPlan& plan_;
    const Meanwhile& meanwhile_;
    Lifecycle life_;
    int self_;
    os::Events events_;
    Sweep sweep_;
    Ending ending_;
    int group_signal_ = 0;
    std::optional<TimePoint> group_signalled_;
    bool was_left_ = false;
};

}  // namespace

bool keep(os::Custody& custody, const KeeperPlan& plan, const Meanwhile& meanwhile) {
    Keeper keeper(custody, plan, meanwhile);
    keeper.run();
    return keeper.was_asked();
}

}  // namespace once::job
