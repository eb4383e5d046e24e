#include "contest.hpp"

#include <algorithm>
#include <csignal>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include "base/failure.hpp"
#include "claim/admission.hpp"
#include "claim/traces.hpp"
#include "contenders.hpp"

namespace once::test {
namespace {

using fake::world;

constexpr int most_steps = 20'000;

// Thrown into whoever still waits when the play is over.
struct Over : std::runtime_error {
    Over() : std::runtime_error("the play is over") {}
};

// The pids of one contender.
struct Cast {
    explicit Cast(std::size_t place) : once(100 * static_cast<int>(place + 1)) {}
    int once;
    int keeper = once + 1;
    int leader = once + 2;
    int worker = once + 3;
};

struct Part {
    Part(std::size_t place, const Contender& wish) : cast(place), contender(wish) {}

    Cast cast;
    Contender contender;
    Fate fate;
    enum class State { acting, waiting, in_job, gone } state = State::acting;
    std::optional<TimePoint> deadline;
    std::binary_semaphore baton{0};
    std::thread thread;
};

class Contest {
public:
    Contest(const std::vector<Contender>& contenders, const Director& director)
        : director_(director) {
        fake::begin_anew();
        world().add(1, 0, "init");
        world().add(our_shell, 1, "bash");
        for (std::size_t i = 0; i < contenders.size(); ++i) {
            parts_.push_back(std::make_unique<Part>(i, contenders[i]));
            world().add(parts_[i]->cast.once, our_shell, "once");
        }
        world().on_call = [this] { on_call(); };
        world().on_wait = [this](auto deadline) { on_wait(deadline); };
        world().on_signal = [this](int pid, int signal) { on_signal(pid, signal); };
    }

    Course run() {
        for (auto& part : parts_) {
            part->thread = std::thread([this, &part = *part] {
                part.baton.acquire();
                live(part);
                if (!is_over_)
                    leave(part);
                else
                    done_.release();
            });
        }
        hand_to(0);
        done_.acquire();
        // Who was killed, or is stuck, has yet to leave his part; one by one, and nothing counts.
        is_over_ = true;
        note_what_is_left();
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            const bool is_gone = parts_[i]->state == Part::State::gone;
            if (!is_gone) {
                hand_to(i);
                done_.acquire();
                parts_[i]->fate.status = -1;
            }
            parts_[i]->thread.join();
        }
        for (const auto& part : parts_) course_.fates.push_back(part->fate);
        fake::begin_anew();
        return course_;
    }

private:
    // --- one of them, in its thread ------------------------------------------------------------

    void live(Part& part) {
        claim::Record self = ours(part.contender.begun);
        self.once = {part.cast.once, static_cast<std::uint64_t>(part.cast.once)};
        self.job = "job-" + std::to_string(part.cast.once);
        const claim::Claim claim{
            {claim::Slot::port(port)}, part.contender.policy, {}, false, 75, self};
        try {
            os::Events events(os::Catch::usual);
            claim::Waiting waiting(events, 75, nullptr);
            auto admitted = claim::admit(claim, waiting, [](const std::string&) {});
            part.fate.status = 0;
            part.fate.was_reused = std::holds_alternative<claim::Reused>(admitted);
            if (auto* lease = std::get_if<claim::Lease>(&admitted)) run_job(part, *lease, events);
        } catch (const Failure& failure) {
            part.fate.status = failure.ending().status();
            part.fate.words = failure.what();
        } catch (const std::exception& other) {
            if (!is_over_) trouble(std::string("it throws: ") + other.what());
        }
    }

    // As verbs/launch and the keeper do it.
    void run_job(Part& part, claim::Lease& lease, os::Events& events) {
        const auto& cast = part.cast;
        fake::call();
        if (is_over_) return;
        part.fate.had_job = true;
        world().add(cast.keeper, cast.once, "job-keeper");
        for (const int pid : {cast.leader, cast.worker}) {
            auto& process =
                world().add(pid, pid == cast.leader ? cast.keeper : cast.leader, "node");
            process.facts.session = lease.record().session;
            process.environment["ONCE_JOB"] = lease.record().job;
        }
        check_alone(part);
        lease.record().keeper = {cast.keeper, static_cast<std::uint64_t>(cast.keeper)};
        lease.record().leader = {cast.leader, static_cast<std::uint64_t>(cast.leader)};
        lease.inscribe();
        fake::call();
        if (is_over_) return;
        world().actors[cast.worker].ports = {port};
        part.state = Part::State::in_job;
        while (!is_over_ && !is_request(events.next(std::nullopt))) continue;
        part.state = Part::State::acting;
        if (is_over_) return;
        for (const int pid : {cast.leader, cast.worker}) world().end(pid);
        fake::call();
        if (is_over_) return;
        world().files.erase(claim::record_file(lease.slots().front(), lease.record()));
        fake::call();
        world().end(cast.keeper);
    }

    static bool is_request(const os::Event& event) {
        return std::holds_alternative<os::Signal>(event);
    }

    void check_alone(const Part& part) {
        for (const auto& other : parts_) {
            if (other.get() == &part) continue;
            for (const int pid : {other->cast.leader, other->cast.worker}) {
                if (world().lives(pid)) trouble("two jobs at once");
            }
        }
    }

    // It has ended, and somebody else goes on.
    void leave(Part& part) {
        world().end(part.cast.once);
        part.state = Part::State::gone;
        const auto next = choose();
        next ? hand_to(*next) : done_.release();
    }

    // --- the world's questions, asked by the one who acts --------------------------------------

    void on_call() {
        if (is_over_) return;
        bury_the_killed();
        if (++course_.steps > most_steps) return give_up("it has no end");
        Part& self = *parts_[current_];
        const auto cue = director_({course_.steps, current_, ready_ones()});
        if (cue.is_slow) pass_time();
        if (cue.kills_current) {
            ++course_.kills;
            kill(self);
        }
        if (!world().lives(self.cast.once)) {
            const auto next = choose();
            return next ? pass_to(*next, self) : end_play(self);
        }
        if (cue.next != current_) pass_to(cue.next, self);
    }

    void on_wait(std::optional<TimePoint> deadline) {
        if (is_over_) throw Over();
        Part& self = *parts_[current_];
        const auto before = self.state;
        if (before == Part::State::acting) self.state = Part::State::waiting;
        self.deadline = deadline;
        const auto next = choose();
        if (!next) {
            end_play(self);
        } else if (*next != current_) {
            pass_to(*next, self);
        }
        if (is_over_) throw Over();
        self.state = before;
        self.deadline.reset();
    }

    void on_signal(int pid, int signal) {
        Part& asking = *parts_[current_];
        for (const auto& part : parts_) {
            if (part->cast.once == pid && signal == SIGTERM) {
                const bool is_newer = part->contender.begun > asking.contender.begun;
                asking.fate.asked_newer = asking.fate.asked_newer || is_newer;
                world().actors[pid].events.emplace_back(
                    os::Signal{signal, false, asking.cast.once});
            }
            // What a crash has left goes when it is asked.
            if (part->cast.worker == pid && signal == SIGTERM) world().end(pid);
        }
    }

    // --- who goes on ---------------------------------------------------------------------------

    [[nodiscard]] bool can_go_on(const Part& part) const {
        if (!world().lives(part.cast.once)) return false;
        if (part.state == Part::State::acting) return true;
        return fake::has_event(part.cast.once) || (part.deadline && *part.deadline <= world().now);
    }

    [[nodiscard]] std::vector<std::size_t> ready_ones() const {
        std::vector<std::size_t> ready;
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            if (can_go_on(*parts_[i])) ready.push_back(i);
        }
        return ready;
    }

    // When the one who acts cannot. Nobody: all have ended, or nobody ever can again.
    std::optional<std::size_t> choose() {
        while (true) {
            bury_the_killed();
            const auto ready = ready_ones();
            if (!ready.empty()) return ready.front();
            if (pass_time()) continue;
            const auto in_job = std::find_if(parts_.begin(), parts_.end(), [](const auto& part) {
                return part->state == Part::State::in_job && world().lives(part->cast.once);
            });
            if (in_job == parts_.end()) break;
            (*in_job)->fate.was_left = !std::exchange(has_settled_, true);
            world().actors[(*in_job)->cast.once].events.emplace_back(os::Signal{SIGINT, false, 1});
        }
        const bool all_ended = std::all_of(parts_.begin(), parts_.end(), [](const auto& part) {
            return !world().lives(part->cast.once);
        });
        if (!all_ended) trouble("nobody can go on");
        return std::nullopt;
    }

    // To the next moment that somebody waits for.
    bool pass_time() {
        std::optional<TimePoint> earliest;
        for (const auto& part : parts_) {
            if (part->state != Part::State::waiting || !part->deadline) continue;
            if (!world().lives(part->cast.once)) continue;
            if (!earliest || *part->deadline < *earliest) earliest = part->deadline;
        }
        if (!earliest) return false;
        world().now = std::max(world().now, *earliest);
        return true;
    }

    // once and its keeper at the same moment: the leader goes with the keeper, the worker stays.
    static void kill(const Part& part) {
        if (world().lives(part.cast.worker)) world().actors[part.cast.worker].facts.parent = 1;
        for (const int pid : {part.cast.leader, part.cast.keeper, part.cast.once}) world().end(pid);
    }

    // Another one has killed a once: its keeper sweeps the job.
    void bury_the_killed() const {
        for (const auto& part : parts_) {
            const auto& cast = part->cast;
            if (world().lives(cast.once) || !world().lives(cast.keeper)) continue;
            for (const int pid : {cast.worker, cast.leader, cast.keeper}) world().end(pid);
        }
    }

    void hand_to(std::size_t next) {
        current_ = next;
        world().self = parts_[next]->cast.once;
        parts_[next]->baton.release();
    }

    void pass_to(std::size_t next, Part& self) {
        hand_to(next);
        self.baton.acquire();
    }

    // From here on nobody acts any more but to leave.
    void end_play(Part& self) {
        done_.release();
        self.baton.acquire();
    }

    void give_up(const char* why) {
        trouble(why);
        end_play(*parts_[current_]);
    }

    void trouble(const std::string& what) {
        if (course_.trouble.empty()) course_.trouble = what;
    }

    void note_what_is_left() {
        if (!course_.trouble.empty()) return;
        if (!world().locks.empty()) trouble("a lock is left: " + world().locks.begin()->first);
        for (const auto& part : parts_) {
            if (world().lives(part->cast.leader)) trouble("a leader is left");
        }
    }

    const Director& director_;
    std::vector<std::unique_ptr<Part>> parts_;
    std::size_t current_ = 0;
    bool is_over_ = false;
    bool has_settled_ = false;
    std::binary_semaphore done_{0};
    Course course_;
};

}  // namespace

Course play(const std::vector<Contender>& contenders, const Director& director) {
    return Contest(contenders, director).run();
}

}  // namespace once::test
