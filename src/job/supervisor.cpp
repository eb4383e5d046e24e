#include "job/supervisor.hpp"

#include <algorithm>
#include <csignal>

#include "base/log.hpp"
#include "job/relay.hpp"
#include "os/self.hpp"

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
          launched_(Clock::now()),
          relay_(wish.own_group),
          readiness_(events, readiness_token, wish.ready, job.keeper().pid, launched_),
          limits_(wish.limits, launched_),
          settles_(launched_ + first_moments) {
        events_.watch(job_.handle(), job_token);
        if (wish_.parent != nullptr) events_.watch(wish_.parent->handle(), parent_token);
        if (wish_.caller != nullptr) events_.watch(wish_.caller->handle(), caller_token);
        if (wish_.output != nullptr) events_.watch(wish_.output->outlet(), output_token);
        outcome_.was_ready = !readiness_.next();
    }

    ~Supervisor() {
        events_.forget(job_.handle());  // which says for ever that its keeper is gone
        if (wish_.parent != nullptr) events_.forget(wish_.parent->handle());
        if (wish_.caller != nullptr) events_.forget(wish_.caller->handle());
        if (wish_.output != nullptr) events_.forget(wish_.output->outlet());
    }
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

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
    static constexpr int caller_token = 3;
    static constexpr int output_token = 4;
    static constexpr int readiness_token = 5;
    // Most commands that only live for a moment have ended by then.
    static constexpr Duration first_moments = std::chrono::milliseconds(5);
    // How long the deliveries of one Ctrl-C can be apart.
    static constexpr Duration a_moment = std::chrono::milliseconds(50);

    [[nodiscard]] std::optional<TimePoint> deadline() const {
        std::optional<TimePoint> first;
        for (const auto& next :
             {settles_, ends_with_parent_, relay_.deadline(), readiness_.next(), limits_.next()}) {
            if (next && (!first || *next < *first)) first = next;
        }
        return first;
    }

    [[nodiscard]] bool is_due() const {
        const auto next = deadline();
        return next && *next <= Clock::now();
    }

    void on(const os::Event& event) {
        if (const auto* signal = std::get_if<os::Signal>(&event)) {
            on_signal(*signal);
        } else if (const auto* ready = std::get_if<os::Ready>(&event)) {
            on_ready(ready->token);
        }
        // Events without a pause must not make us forget the time. But what the keeper has told by
        // now came before it.
        if (is_due()) read_reports();
        if (!done_ && is_due()) on_time(Clock::now());
    }

    void on_ready(int token) {
        switch (token) {
            case job_token:
                return read_reports();
            case output_token:
                return read_output();
            case readiness_token:
                readiness_.on_answer();
                return judge_readiness(Clock::now());
            default:
                events_.forget(token == parent_token ? wish_.parent->handle()
                                                     : wish_.caller->handle());
                tell(news::ParentGone{});
                outcome_.was_asked = true;
                // What has ended it may be on its way to us, too.
                ends_with_parent_ = Clock::now() + a_moment;
        }
    }

    void on_time(TimePoint now) {
        if (settles_ && *settles_ <= now) {
            settles_.reset();
            tell(news::Settled{});
        }
        obey(relay_.on_time(now));
        if (ends_with_parent_ && *ends_with_parent_ <= now) end_with_parent(now);
        if (readiness_.next() && *readiness_.next() <= now) {
            outcome_.had_time_to_listen = true;
            readiness_.look(now);
            judge_readiness(now);
        }
        if (const auto heavy = limits_.weigh(now, job_.keeper().pid)) end_for(*heavy);
        if (const auto old = limits_.age(now)) end_for(*old);
    }

    // What had a Ctrl-C with its parent may be draining.
    void end_with_parent(TimePoint now) {
        ends_with_parent_.reset();
        const bool has_heard = typed_ && now - *typed_ < wish_.keeper.stop.timeout;
        has_heard ? obey({{Order::Kind::nudge, 0, os::Scope::leader}}) : stop();
    }

    void read_output() {
        if (const auto bytes = wish_.output->next()) wish_.take_output(*bytes);
    }

    void on_signal(const os::Signal& signal) {
        log::debug("signal {} from {}", signal.number,
                   signal.from_kernel ? "the terminal" : std::to_string(signal.sender));
        if (signal.number == SIGCHLD) return job_.reap_strangers();
        if (signal.number == SIGCONT && wish_.handed_over != nullptr) return resume();
        const auto sender = sender_of(signal);
        if (sender == Sender::successor) {
            note_request(signal.sender);
        } else {
            note_wish_to_end(signal.number);
        }
        obey(relay_.on_signal(signal.number, sender, Clock::now()));
    }

    void note_request(int sender) {
        const bool is_restart = wish_.request_of(sender) == Request::restart;
        outcome_.shall_restart = is_restart && !outcome_.was_asked;
        outcome_.was_asked = outcome_.was_asked || !is_restart;
        is_restart ? tell(news::RestartAsked{}) : tell(news::Replaced{});
    }

    // Whoever has typed a Ctrl-C does not want to see it start again, however long it drains.
    void note_wish_to_end(int signal) {
        if (!asks_to_end(signal)) return;
        outcome_.was_asked = true;
        outcome_.shall_restart = false;
    }

    [[nodiscard]] Sender sender_of(const os::Signal& signal) const {
        // A terminal that hangs up tells its session's leader alone (tty_signal_session_leader in
        // the kernel), who is to hand it on.
        const bool is_for_us_alone = signal.number == SIGHUP && os::leads_session();
        if (signal.from_kernel && !is_for_us_alone) return Sender::terminal;
        if (signal.sender == 0) return Sender::outside;
        if (signal.sender == os::parent_pid()) return Sender::parent;
        if (signal.number == SIGTERM && wish_.request_of && wish_.request_of(signal.sender)) {
            return Sender::successor;
        }
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
        readiness_.finish();  // who listens when the job has stopped to is no loss of its port
        limits_.finish();
        if (!std::exchange(has_told_stopping_, true)) tell(news::Stopping{});
    }

    void stop() { obey({{Order::Kind::stop, 0, os::Scope::leader}}); }

    void end_for(Trouble trouble) {
        if (outcome_.trouble) return;
        outcome_.trouble = std::move(trouble);
        stop();
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
                readiness_.finish();
                limits_.finish();
                break;
            case Report::Kind::leader_stopped:
                suspend();
                break;
            case Report::Kind::signal_seen:
                if (report.from_kernel && asks_to_end(report.number)) typed_ = Clock::now();
                if (!report.from_kernel) {
                    obey(relay_.on_seen(report.number, Clock::now()));
                } else if (wish_.handed_over != nullptr) {
                    note_wish_to_end(report.number);
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
        readiness_.finish();  // a child of ours that it has asked is none of the job's
        tell(news::KeeperGone{});
        auto custody = job_.take_over();
        Meanwhile meanwhile;
        meanwhile.tell_stuck = [this](int pid) { tell(news::Stuck{pid}); };
        if (wish_.output != nullptr) {
            meanwhile.output = &wish_.output->outlet();
            meanwhile.read_output = [this] { read_output(); };
        }
        // A request that came meanwhile was heard there: it shall not be started again then.
        if (keep(custody, wish_.keeper, meanwhile)) outcome_.was_asked = true;
        events_.catch_signals(events_.caught());  // a keeper lets nothing through
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

    void judge_readiness(TimePoint now) {
        switch (readiness_.state()) {
            case Readiness::State::ready:
                if (!std::exchange(outcome_.was_ready, true)) tell(news::Ready{});
                break;
            case Readiness::State::lost:
                lose();
                break;
            case Readiness::State::late:
                if (wish_.ready.within) return end_for(readiness_.portrait());
                if (!has_told_elsewhere_) tell(news::Silent{readiness_.missing()});
                break;
            case Readiness::State::open:
                tell_elsewhere(now);
                break;
        }
    }

    void tell_elsewhere(TimePoint now) {
        auto ports = readiness_.take_elsewhere(now);
        if (ports.empty()) return;
        has_told_elsewhere_ = true;
        tell(news::Elsewhere{std::move(ports), readiness_.missing()});
    }

    void lose() {
        // A job that has lost its keeper looks like a stranger's: we hear of that in a moment.
        if (os::is_dying(job_.keeper())) return;
        if (wish_.ready.within) return end_for(readiness_.portrait());
        outcome_.lost_port = readiness_.stranger();
        tell(news::PortLost{*outcome_.lost_port});
        stop();
    }

    void tell(const News& what) const {
        if (wish_.tell) wish_.tell(what);
    }

    os::Job& job_;
    os::Events& events_;
    const Supervision& wish_;
    TimePoint launched_;
    Relay relay_;
    Readiness readiness_;
    Limits limits_;
    std::optional<TimePoint> settles_;
    std::optional<TimePoint> typed_;  // when the terminal last sent a signal to us all
    std::optional<TimePoint> ends_with_parent_;
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
