#include "job/supervisor.hpp"

#include <algorithm>
#include <csignal>

#include "base/log.hpp"
#include "job/relay.hpp"

namespace once::job {
namespace {

using os::Order;
using os::Report;

class Supervisor {
public:
    Supervisor(os::Job& job, os::Events& events, const Supervision& wish)
        : job_(job),
          events_(events),
          wish_(wish),
          relay_(wish.own_group),
          looks_(Clock::now()),
          settles_(Clock::now() + first_moments),
          waiting_(wish.ports) {
        events_.watch(job_.handle(), job_token);
        if (wish_.parent != nullptr) events_.watch(wish_.parent->handle(), parent_token);
        if (waiting_.empty()) looks_.finish();
    }

    Outcome run() {
        while (!done_) on(events_.next(deadline()));
        if (was_interrupted_ && outcome_.ending.kind == Ending::Kind::exited) {
            // Only the job's group had the Ctrl-C: a loop in the shell around us must end by it
            // too.
            outcome_.ending = Ending::killed(SIGINT);
        }
        return outcome_;
    }

private:
    static constexpr int job_token = 1;
    static constexpr int parent_token = 2;
    // Most commands that only live for a moment have ended by then.
    static constexpr Duration first_moments = std::chrono::milliseconds(5);

    [[nodiscard]] std::optional<TimePoint> deadline() const {
        std::optional<TimePoint> first;
        for (const auto& next : {settles_, relay_.deadline(), looks_.next()}) {
            if (next && (!first || *next < *first)) first = next;
        }
        return first;
    }

    void on(const os::Event& event) {
        if (const auto* signal = std::get_if<os::Signal>(&event)) {
            on_signal(*signal);
        } else if (const auto* ready = std::get_if<os::Ready>(&event)) {
            if (ready->token == job_token) return read_reports();
            events_.forget(wish_.parent->handle());
            tell(news::ParentGone{});
            obey({{Order::Kind::stop, 0, os::Scope::leader}});
        } else {
            const auto now = Clock::now();
            if (settles_ && *settles_ <= now) {
                settles_.reset();
                tell(news::Settled{});
            }
            obey(relay_.on_time(now));
            if (looks_.next() && *looks_.next() <= now) look(now);
        }
    }

    void on_signal(const os::Signal& signal) {
        log::debug("signal {} from {}", signal.number,
                   signal.from_kernel ? "the terminal" : std::to_string(signal.sender));
        if (signal.number == SIGCHLD) return job_.reap_strangers();
        if (signal.number == SIGCONT && wish_.handed_over != nullptr) return resume();
        const auto sender = sender_of(signal);
        if (sender == Sender::successor) tell(news::Replaced{});
        obey(relay_.on_signal(signal.number, sender, Clock::now()));
    }

    [[nodiscard]] Sender sender_of(const os::Signal& signal) const {
        if (signal.from_kernel) return Sender::terminal;
        if (signal.sender == 0) return Sender::outside;
        if (signal.sender == os::parent_pid()) return Sender::parent;
        if (wish_.is_successor && wish_.is_successor(signal.sender)) return Sender::successor;
        // The sender may be gone already; then nothing tells it apart from anybody else.
        auto process = os::read_process(signal.sender);
        for (int steps = 0; process && steps < 1000; ++steps) {
            if (process->id.pid == job_.keeper().pid) return Sender::descendant;
            process = os::read_process(process->parent);
        }
        return Sender::outside;
    }

    void obey(const std::vector<Order>& orders) {
        bool is_end = false;
        for (const auto& order : orders) {
            job_.order(order);
            is_end = is_end || order.kind != Order::Kind::forward;
        }
        if (!is_end) return;
        looks_.finish();  // who listens when the job has stopped to is no loss of its port
        if (!std::exchange(has_told_stopping_, true)) tell(news::Stopping{});
    }

    void read_reports() {
        while (!done_) {
            const auto report = job_.next_report();
            if (!report) return;
            on_report(*report);
        }
    }

    void on_report(const Report& report) {
        switch (report.kind) {
            case Report::Kind::leader_ended:
                log::debug("the leader ended with status {}", report.ending.status());
                outcome_.ending = report.ending;
                has_ended_ = true;
                looks_.finish();
                break;
            case Report::Kind::leader_stopped:
                suspend();
                break;
            case Report::Kind::signal_seen:
                if (!report.from_kernel) {
                    obey(relay_.on_seen(report.number, Clock::now()));
                } else if (wish_.handed_over != nullptr) {
                    if (report.number == SIGINT) was_interrupted_ = true;
                    obey(relay_.on_terminal_had(report.number, Clock::now()));
                }
                break;
            case Report::Kind::daemon:
                tell(news::Spared{report.number});
                break;
            case Report::Kind::stuck:
                tell(news::Stuck{report.number});
                outcome_.has_stuck = true;
                // The keeper stays for it, and keeps the lease meanwhile.
                if (!has_ended_) outcome_.ending = Ending::killed(SIGKILL);
                done_ = true;
                break;
            case Report::Kind::swept:
                outcome_.ending = report.ending;
                done_ = true;
                break;
            case Report::Kind::keeper_gone:
                take_over();
                break;
        }
    }

    void take_over() {
        events_.forget(job_.handle());
        tell(news::KeeperGone{});
        auto custody = job_.take_over();
        keep(custody, wish_.keeper);
        if (!has_ended_)
            outcome_.ending = custody.leader_ending().value_or(Ending::killed(SIGKILL));
        done_ = true;
    }

    // Job control for a job with the terminal in its own group: we stop as it does, so that the
    // shell sees a stopped job, and hand the terminal on again when we are continued.
    void suspend() {
        if (wish_.handed_over == nullptr) return;
        // A job in the background has not got it: then it is the shell's.
        if (wish_.handed_over->foreground_group() == job_.group()) {
            wish_.handed_over->give_to_us();
        }
        os::suspend_own_group();
        resume();
    }

    void resume() {
        if (wish_.handed_over->is_foreground()) wish_.handed_over->give_to(job_.group());
        job_.order({Order::Kind::forward, SIGCONT, os::Scope::group});
    }

    void look(TimePoint now) {
        outcome_.had_time_to_listen = true;
        std::erase_if(waiting_, [&](os::Port port) {
            const auto seen = look_at(port, job_.keeper().pid);
            if (seen.standing == PortLook::Standing::strangers) lose(seen);
            return seen.standing == PortLook::Standing::ours ||
                   seen.standing == PortLook::Standing::strangers;
        });
        if (outcome_.lost_port) return looks_.finish();
        if (waiting_.empty()) {
            log::debug("the job listens on every claimed port");
            looks_.finish();
            return tell(news::Listening{});
        }
        if (!has_told_elsewhere_ && looks_.has_settled(now)) look_elsewhere();
        looks_.step(now);
        if (!looks_.next() && !has_told_elsewhere_) tell(news::Silent{waiting_});
    }

    void look_elsewhere() {
        auto ports = ports_of(job_.keeper().pid);
        std::erase_if(ports, [&](os::Port port) {
            return std::find(wish_.ports.begin(), wish_.ports.end(), port) != wish_.ports.end();
        });
        if (ports.empty()) return;
        has_told_elsewhere_ = true;
        tell(news::Elsewhere{std::move(ports), waiting_});
    }

    void lose(const PortLook& look) {
        if (outcome_.lost_port) return;
        outcome_.lost_port = look;
        tell(news::PortLost{look});
        obey({{Order::Kind::stop, 0, os::Scope::leader}});
    }

    void tell(const News& what) const {
        if (wish_.tell) wish_.tell(what);
    }

    os::Job& job_;
    os::Events& events_;
    const Supervision& wish_;
    Relay relay_;
    LookSchedule looks_;
    std::optional<TimePoint> settles_;
    std::vector<os::Port> waiting_;
    Outcome outcome_;
    bool has_ended_ = false;
    bool done_ = false;
    bool was_interrupted_ = false;
    bool has_told_elsewhere_ = false;
    bool has_told_stopping_ = false;
};

}  // namespace

Outcome supervise(os::Job& job, os::Events& events, const Supervision& wish) {
    return Supervisor(job, events, wish).run();
}

}  // namespace once::job
