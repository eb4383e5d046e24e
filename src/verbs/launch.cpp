#include "verbs/launch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/failure.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "claim/description.hpp"
#include "claim/port.hpp"
#include "claim/starter.hpp"
#include "claim/waiting.hpp"
#include "job/restarts.hpp"
#include "os/notify.hpp"
#include "os/output.hpp"
#include "os/self.hpp"
#include "verbs/news.hpp"
#include "verbs/recess.hpp"

namespace once::verbs {
namespace {

class Launch {
public:
    Launch(const Stage& stage, os::Job job)
        : stage_(stage),
          wish_(stage.wish),
          voice_(stage.voice),
          events_(stage.events),
          lease_(stage.lease),
          restarts_(stage.wish.restart),
          job_(std::move(job)) {}

    Ending run() {
        while (true) {
            const auto launched = Clock::now();
            const auto outcome = live();
            if (stage_.output != nullptr) stage_.output->drain();
            return_terminal(outcome.ending);
            const auto uptime = std::chrono::duration_cast<Duration>(Clock::now() - launched);
            if (!goes_on(outcome, uptime)) return conclude(outcome);
            job_.reset();  // waits until the keeper is gone
            job_.emplace(prepare(stage_.command, stage_.keeper));
        }
    }

private:
    [[nodiscard]] const os::Terminal* handed_over() const {
        return stage_.grouping.hands_over ? &*stage_.grouping.terminal : nullptr;
    }

    [[nodiscard]] std::string command() const { return claim::command_text(wish_.command); }

    // --- one run, from the launch until nobody of the job is left ------------------------------

    job::Outcome live() {
        // A launch in the background gets the terminal when it is brought to the foreground.
        const bool is_foreground = handed_over() != nullptr && handed_over()->is_foreground();
        job_->start(lease_.handles(), is_foreground);
        log::debug("launched '{}' (pid {}), kept by pid {}", command(), job_->leader().pid,
                   job_->keeper().pid);
        note_launch();
        auto outcome = job::supervise(*job_, events_, supervision());
        if (outcome.has_stuck) {
            job_->leave();
            lease_.leave_to_keeper();
            if (stage_.pid_file != nullptr) stage_.pid_file->leave();
        }
        return outcome;
    }

    [[nodiscard]] const os::Process* waiting_caller() const {
        return stage_.background != nullptr && !is_up_ ? &stage_.background->caller() : nullptr;
    }

    job::Supervision supervision() {
        job::Supervision wish;
        wish.ready = {wish_.ports, wish_.ready_url, wish_.ready};
        wish.limits = {wish_.max_memory, wish_.ttl};
        wish.own_group = stage_.grouping.own_group;
        wish.handed_over = handed_over();
        wish.parent = stage_.parent;
        wish.caller = waiting_caller();
        wish.keeper = stage_.keeper;
        wish.request_of = [this](int pid) { return request_of(pid); };
        wish.tell = [this](const job::News& news) { tell(news); };
        if (stage_.output == nullptr) return wish;
        wish.output = &stage_.output->pipe();
        wish.take_output = [this](std::string_view bytes) { stage_.output->journal().take(bytes); };
        return wish;
    }

    void note_launch() {
        auto& record = lease_.record();
        record.keeper = job_->keeper();
        record.leader = job_->leader();
        record.is_backing_off = false;
        record.is_stopping = false;
        stopping_since_.reset();
        has_lost_keeper_ = false;
        record.ready_since.reset();
        if (stage_.pid_file != nullptr) stage_.pid_file->write(job_->leader().pid);
        if (stage_.output != nullptr) {
            stage_.output->journal().say(
                fmt::format("launched '{}' (pid {})", command(), job_->leader().pid));
        }
    }

    // Until now the locks alone told whose they are: a command that only lives for a moment needs
    // no more.
    void inscribe() {
        auto& record = lease_.record();
        if (record.starter.id.started == 0) record.starter = claim::own_starter();
        if (lease_.inscribe() || std::exchange(has_told_unwritten_, true)) return;
        voice_.say(fmt::format("cannot write the record of '{}': is the disk full? It runs on",
                               command()));
    }

    [[nodiscard]] std::optional<job::Request> request_of(int pid) const {
        const auto next = lease_.successor();
        if (!next || next->once.pid != pid) return std::nullopt;
        return next->verb == claim::Verb::restart ? job::Request::restart : job::Request::end;
    }

    void tell(const job::News& news) {
        if (std::holds_alternative<job::news::Settled>(news)) {
            settle();
        } else if (std::holds_alternative<job::news::Ready>(news)) {
            lease_.record().ready_since = seconds_since_1970();
            inscribe();
            if (wish_.ready) os::notify_ready();
            report_up();
        } else if (std::holds_alternative<job::news::Stopping>(news)) {
            stopping_since_ = Clock::now();
            lease_.record().is_stopping = true;
            inscribe();
        } else if (std::holds_alternative<job::news::KeeperGone>(news)) {
            has_lost_keeper_ = true;
        } else if (std::holds_alternative<job::news::Replaced>(news)) {
            has_given_way_ = true;
            const auto next = lease_.successor();
            was_replaced_ = next && next->verb == claim::Verb::launch;
        }
        const auto text = news_text(news, lease_);
        if (!text.empty()) voice_.say(text);
    }

    // Its first moments are over.
    void settle() {
        if (wish_.restart.when == job::RestartPlan::When::never &&
            !std::exchange(has_settled_, true)) {
            // From here on they are the job's alone; but without them it cannot be launched again.
            lease_.record().can_restart = os::let_go_of_inherited_files();
        }
        inscribe();
        if (!wish_.ready) report_up();
    }

    // Whoever has launched it in the background may go.
    void report_up() {
        if (stage_.background == nullptr || std::exchange(is_up_, true)) return;
        events_.forget(stage_.background->caller().handle());
        stage_.background->report_up();
    }

    void return_terminal(const Ending& ending) const {
        if (handed_over() != nullptr && handed_over()->foreground_group() == job_->group()) {
            handed_over()->give_to_us();
        }
        const bool died_of_signal = ending.kind == Ending::Kind::killed;
        const auto& terminal = stage_.grouping.terminal;
        if (died_of_signal && terminal) terminal->restore_modes();
    }

    // --- between two runs ----------------------------------------------------------------------

    static constexpr Duration patience_with_kernel = std::chrono::milliseconds(500);
    static constexpr Duration first_pause_for_kernel = std::chrono::milliseconds(2);

    // Shall it run again? Then it is time for it when this returns.
    bool goes_on(const job::Outcome& outcome, Duration uptime) {
        if (outcome.lost_port || outcome.has_stuck || outcome.was_asked) return false;
        const auto* not_ready =
            outcome.trouble ? std::get_if<job::NotReady>(&*outcome.trouble) : nullptr;
        if (not_ready != nullptr && not_ready->stranger) return false;
        const bool has_failed =
            outcome.trouble || is_early(outcome) || outcome.ending != Ending::exited(0);
        const auto pause = outcome.shall_restart ? std::optional<Duration>(0)
                                                 : restarts_.after(has_failed, uptime);
        if (!pause) return false;
        auto& record = lease_.record();
        record.keeper = record.leader = {};
        record.is_backing_off = true;
        ++record.restarts;
        inscribe();
        if (!outcome.shall_restart) {
            voice_.say(fmt::format("{}; starting it again in {}", end_text(outcome, uptime),
                                   duration_text(*pause)));
        }
        if (!wish_.ready) report_up();
        const auto recess = rest(*pause);
        was_interrupted_ = recess.was_interrupted;
        if (recess.news) tell(*recess.news);
        if (!recess.goes_on) return false;
        for (const auto& slot : lease_.slots()) require_free(slot.number());
        return true;
    }

    [[nodiscard]] bool are_ports_free() const {
        return std::all_of(lease_.slots().begin(), lease_.slots().end(),
                           [](const claim::Slot& slot) {
                               return slot.number() == 0 || claim::is_free(slot.number());
                           });
    }

    // Until the pause is over and the kernel is done with the sockets of the last run; who asks for
    // something is heard all the time.
    Recess rest(Duration pause) {
        constexpr Duration longest_pause = std::chrono::milliseconds(50);
        const auto take = [&](Duration how_long) {
            return take_recess(events_, *job_, how_long, bonds(),
                               [this](int pid) { return request_of(pid); });
        };
        auto recess = take(pause);
        const auto until = Clock::now() + patience_with_kernel;
        for (auto next = first_pause_for_kernel;
             recess.goes_on && !are_ports_free() && Clock::now() < until;
             next = std::min(2 * next, longest_pause)) {
            recess = take(next);
        }
        return recess;
    }

    void require_free(os::Port port) const {
        const auto reason = port != 0 ? claim::why_not_free(port) : std::nullopt;
        if (reason) throw Failure(wish_.conflict_status, *reason);
    }

    // It was to become ready first.
    [[nodiscard]] bool is_early(const job::Outcome& outcome) const {
        return wish_.ready && !outcome.was_ready && !outcome.was_asked;
    }

    [[nodiscard]] std::string end_text(const job::Outcome& outcome, Duration uptime) const {
        if (outcome.trouble) return trouble_text(*outcome.trouble, command());
        return fmt::format("'{}' {} after {}{}", command(), ending_text(outcome.ending),
                           duration_text(uptime), is_early(outcome) ? ", before it was ready" : "");
    }

    // With whom it shall end.
    [[nodiscard]] std::vector<const os::Process*> bonds() const {
        std::vector<const os::Process*> all{stage_.parent, waiting_caller()};
        std::erase(all, nullptr);
        return all;
    }

    // --- the end -------------------------------------------------------------------------------

    // Its processes are gone; that the kernel is done with their sockets may take a moment more.
    [[nodiscard]] std::optional<std::string> why_not_free(const claim::Slot& slot) const {
        const auto port = slot.number();
        if (port == 0) return std::nullopt;
        claim::Waiting waiting(events_, wish_.conflict_status, nullptr);
        waiting.turn_deaf();
        if (claim::await_free(port, waiting, Clock::now() + patience_with_kernel))
            return std::nullopt;
        return claim::why_not_free(port);
    }

    Ending conclude(const job::Outcome& outcome) {
        // Whoever has a new server elsewhere need not find the old `npm run` suspended here.
        if (has_given_way_) os::continue_stopped_parent();
        // A run without --ready that has ended well before it could be called up was well.
        if (wish_.ready || outcome.trouble || outcome.ending != Ending::exited(0)) {
            show_log_to_caller();
        }
        // Whose keeper was killed has died of that; who cannot be ended has not died.
        const bool was_late = stopping_since_ && !has_lost_keeper_ && !outcome.has_stuck &&
                              Clock::now() - *stopping_since_ >= wish_.stop.timeout;
        if (was_late && outcome.ending == Ending::killed(SIGKILL)) {
            voice_.say(fmt::format("'{}' did not end within {} (--stop-timeout), and was killed",
                                   command(), duration_text(wish_.stop.timeout)));
        }
        // There was no command that the Ctrl-C could end: a loop in the shell around us must.
        if (was_interrupted_) return Ending::killed(SIGINT);
        if (outcome.lost_port) {
            throw Failure(wish_.conflict_status, lost_text(outcome.lost_port->port));
        }
        if (restarts_.has_given_up()) {
            const int times = restarts_.plan().most;
            voice_.say(
                fmt::format("'{}' was started again {} time{} and did not stay up for {}; "
                            "that is enough",
                            command(), times, times == 1 ? "" : "s",
                            duration_text(restarts_.plan().min_uptime)));
        }
        if (outcome.trouble) {
            throw Failure(exit_status::unavailable, trouble_text(*outcome.trouble, command()));
        }
        // Of a launch in the background that another one has overtaken nobody shall think that it
        // failed.
        if (was_replaced_ && waiting_caller() != nullptr) {
            return Ending::exited(wish_.conflict_status);
        }
        const bool was_early = is_early(outcome);
        if (was_early && outcome.ending == Ending::exited(0)) {
            throw Failure(exit_status::unavailable,
                          fmt::format("'{}' exited with 0, and was not ready before", command()));
        }
        if (was_early) {
            voice_.say(
                fmt::format("'{}' {} before it was ready", command(), ending_text(outcome.ending)));
        }
        if (outcome.had_time_to_listen) {
            for (const auto& slot : lease_.slots()) {
                if (const auto reason = why_not_free(slot)) voice_.say(*reason);
            }
        }
        if (stage_.output != nullptr && !was_early) {
            stage_.output->journal().say(
                fmt::format("'{}' {}", command(), ending_text(outcome.ending)));
        }
        return outcome.ending;
    }

    static std::string lost_text(os::Port port) {
        const auto reason = claim::why_not_free(port);
        return reason ? *reason : fmt::format("port {} was taken by somebody else", port);
    }

    // Who waits to hear that it is up hears what it said instead.
    void show_log_to_caller() const {
        if (stage_.background == nullptr || is_up_) return;
        std::string text;
        for (const auto& line : stage_.output->journal().last_lines()) text += line + '\n';
        if (text.empty()) return;
        voice_.say_aside("the end of its log, " + stage_.output->path() + ':');
        os::write_error(text);
    }

    const Stage& stage_;
    const RunRequest& wish_;
    const Voice& voice_;
    os::Events& events_;
    claim::Lease& lease_;
    job::Restarts restarts_;
    bool has_told_unwritten_ = false;
    bool has_settled_ = false;
    bool was_replaced_ = false;
    bool has_given_way_ = false;  // another `once` wanted it to end
    bool has_lost_keeper_ = false;
    std::optional<TimePoint> stopping_since_;
    bool is_up_ = false;
    bool was_interrupted_ = false;
    std::optional<os::Job> job_;  // goes first: waits until the keeper is gone
};

}  // namespace

Ending launch(const Stage& stage, os::Job job) { return Launch(stage, std::move(job)).run(); }

os::Job prepare(const os::Command& command, const job::KeeperPlan& plan) {
    return os::Job::prepare(command, [&](os::Custody& custody) { (void)job::keep(custody, plan); });
}

}  // namespace once::verbs
