#include "verbs/stop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "claim/admission.hpp"
#include "claim/description.hpp"
#include "claim/force.hpp"
#include "claim/holdings.hpp"
#include "claim/leftovers.hpp"
#include "claim/port.hpp"
#include "claim/stranger.hpp"
#include "claim/waiting.hpp"
#include "os/events.hpp"
#include "os/process.hpp"
#include "verbs/introduce.hpp"
#include "verbs/missing.hpp"

namespace once::verbs {
namespace {

using claim::Holding;
using claim::State;

// How long a stranger has between being asked and being killed.
constexpr Duration stop_timeout = std::chrono::seconds(5);

class Stop {
public:
    Stop(const StopRequest& wish, const Voice& voice, std::uint64_t begun)
        : wish_(wish),
          voice_(voice),
          say_([this](const std::string& line) { voice_.say(line); }),
          begun_(begun) {}

    Ending run() {
        holdings_ = claim::read_holdings(say_);
        for (const auto& target : wish_.targets) stop_target(target);
        if (wish_.targets.empty()) stop_all();
        // Nobody is ended before it is known that all may be.
        for (const auto* one : wanted_) refuse(*one);
        for (const auto port : forced_) refuse(port);
        if (wish_.dry_run) {
            for (const auto* one : wanted_) foresee(*one);
            for (const auto port : forced_) foresee(port);
        } else {
            if (!wanted_.empty()) stop_jobs();
            for (const auto port : forced_) end_strangers(port);
        }
        return Ending::exited(is_missing_ ? 1 : 0);
    }

private:
    [[nodiscard]] bool is_wanted(const Holding& holding) const {
        return !wish_.stale_only || holding.state == State::leftover;
    }

    void want(const Holding& holding) {
        if (std::find(wanted_.begin(), wanted_.end(), &holding) == wanted_.end()) {
            wanted_.push_back(&holding);
        }
    }

    void stop_all() {
        for (const auto& one : holdings_) {
            // Others' containers are theirs; who names one of them is refused.
            if (is_wanted(one) && one.state != State::elsewhere) want(one);
        }
        if (!wanted_.empty()) return tell_spared();
        const bool has_elsewhere = !holdings_.empty() && !wish_.stale_only;
        voice_.say(
            wish_.stale_only ? "no crashed job has left anything"
            : has_elsewhere
                ? "what is held is in another container or network namespace; it is left alone"
                : "nothing is held");
        is_missing_ = true;
    }

    void tell_spared() const {
        if (wish_.stale_only) return;
        for (const auto& one : holdings_) {
            if (one.state == State::elsewhere) voice_.say(elsewhere_text(one));
        }
    }

    static std::string elsewhere_text(const Holding& holding) {
        return fmt::format("{} runs in another container or network namespace, so it is left alone",
                           claim::describe(holding.record));
    }

    void stop_target(const std::string& target) {
        bool is_held = false;
        for (const auto& one : holdings_) {
            if (!claim::is_meant(one.record, target) || !is_wanted(one)) continue;
            is_held = true;
            want(one);
        }
        if (is_held) return;
        const auto port = claim::port_in(target);
        if (port && wish_.force && !wish_.stale_only && !os::listeners(*port).empty()) {
            forced_.insert(*port);
            return;
        }
        is_missing_ = true;
        voice_.say(wish_.stale_only
                       ? fmt::format("no crashed job has left anything at '{}'", target)
                       : missing_text(target));
        if (!port || wish_.stale_only || os::listeners(*port).empty()) return;
        if (const auto reason = claim::why_not_free(*port)) voice_.say(*reason);
    }

    void end_strangers(os::Port port) {
        claim::Waiting waiting(events_, wish_.conflict_status, nullptr);
        claim::end_listeners(port, stop_timeout, wish_.conflict_status, waiting, say_);
        if (!claim::await_free(port, waiting, Clock::now() + stop_timeout)) {
            const auto reason = claim::why_not_free(port);
            if (reason) throw Failure(wish_.conflict_status, *reason);
        }
        voice_.say(fmt::format("port {} is free", port));
    }

    // With one claim on all that they hold: nobody is asked before it is known that all may be, and
    // nobody is waited for before all are asked.
    void stop_jobs() {
        claim::Claim claim;
        for (const auto* one : wanted_) {
            claim.slots.insert(claim.slots.end(), one->slots.begin(), one->slots.end());
        }
        claim.force = wish_.force;
        // Whoever has taken such a slot since it was read sweeps it himself.
        claim.spares_living = wish_.stale_only;
        claim.conflict_status = wish_.conflict_status;
        claim.self = introduce(command(), "", begun_);
        claim.self.verb = claim::Verb::stop;
        claim.self.stop_timeout = stop_timeout;
        claim::Waiting waiting(events_, wish_.conflict_status, nullptr);
        // The slots are free again when this lease has gone.
        (void)claim::admit(claim, waiting, say_);
    }

    void refuse(const Holding& holding) const {
        if (holding.state == State::elsewhere) {
            throw Failure(wish_.conflict_status, elsewhere_text(holding) + others_text());
        }
        if (!claim::is_our_ancestor(holding.record)) return;
        throw Failure(wish_.conflict_status,
                      fmt::format("this command was started by {}, and would end with it; it is "
                                  "left alone",
                                  claim::describe(holding.record)) +
                          others_text());
    }

    // Nobody is stopped if one of them must not be.
    [[nodiscard]] std::string others_text() const {
        return wanted_.size() + forced_.size() > 1 ? "\nnone of the others was stopped either" : "";
    }

    void refuse(os::Port port) const {
        const auto reason = claim::why_not_endable(port);
        if (reason) throw Failure(wish_.conflict_status, *reason);
    }

    void foresee(os::Port port) const {
        for (const auto& line : claim::foresee_end(port)) voice_.say(line);
    }

    void foresee(const Holding& holding) const {
        if (holding.state == State::leftover) {
            const auto left = claim::leftovers_of(holding.record).job;
            voice_.say(fmt::format("would sweep what a crashed '{}' left behind: pid {}",
                                   claim::command_text(holding.record.command),
                                   claim::pids_text(left)));
        } else {
            voice_.say(fmt::format("would stop {}", claim::describe(holding.record)));
        }
        if (!wish_.force) return;
        for (const auto port : holding.record.ports) {
            const auto stays = claim::why_others_stay(port, holding.record.job, true);
            if (stays) throw Failure(wish_.conflict_status, *stays);
            foresee(port);
        }
    }

    // As whoever is stopped shall read it.
    [[nodiscard]] std::vector<std::string> command() const {
        std::vector<std::string> words{"once", "stop"};
        if (wish_.all) words.emplace_back("--all");
        if (wish_.stale_only) words.emplace_back("--stale");
        words.insert(words.end(), wish_.targets.begin(), wish_.targets.end());
        return words;
    }

    const StopRequest& wish_;
    const Voice& voice_;
    claim::Say say_;
    std::uint64_t begun_;
    os::Events events_{os::Catch::usual};
    std::vector<Holding> holdings_;
    std::vector<const Holding*> wanted_;
    std::set<os::Port> forced_;  // strangers have these
    bool is_missing_ = false;
};

}  // namespace

Ending stop(const StopRequest& wish, const Voice& voice, std::uint64_t begun) {
    return Stop(wish, voice, begun).run();
}

}  // namespace once::verbs
