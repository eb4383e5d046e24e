#include "round.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>

#include "aftermath.hpp"
#include "catch.hpp"
#include "crowd.hpp"
#include "holding.hpp"

namespace once::test {
namespace {

constexpr std::array harmless{SIGWINCH, SIGCONT, SIGSTOP};
constexpr std::array harmful{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, SIGUSR1, SIGSTOP};

bool is_leader(const Process& process) { return process.name == "actor"; }

/// Every once, keeper and leader that is there. A child of once that has no name of its own yet may
/// be the leak sanitizer's at once's end, which would wait for it for ever.
std::vector<Process> players(bool with_leaders) {
    std::vector<Process> found;
    const auto ours = descendants(getpid());
    for (const Process& one : processes()) {
        if (!one.is_alive() || !std::binary_search(ours.begin(), ours.end(), one.pid)) continue;
        const auto parent = process(one.parent);
        const bool is_once = one.name == "once" && !(parent && parent->name == "once");
        if (is_once || one.name == "job-keeper" || (with_leaders && is_leader(one))) {
            found.push_back(one);
        }
    }
    return found;
}

class Play {
public:
    Play(const Round& round, Tally& tally)
        : round_(round), tally_(tally), dice_(round.seed), crowd_(scene_, commands()) {}

    void run() {
        crowd_.fire();
        disturb();
        crowd_.wait_until_begun();
        if (round_.unrest == Unrest::harmless) check_outcome();
        check_next_launch();
        end_the_rest();
        for (const Running& one : crowd_.launches) check_ending(one);
        CHECK(crowd_.with_output("second") == 0);
        await_nothing_left(scene_);
        ++tally_.rounds;
        tally_.launches += crowd_size;
        tally_.jobs += crowd_.with_output("locked");
    }

private:
    [[nodiscard]] std::string slot() {
        return round_.has_port ? "-p " + std::to_string(scene_.port()) : std::string("-n x");
    }

    std::vector<std::string> commands() {
        std::vector<std::string> all;
        for (int i = 0; i < crowd_size; ++i) {
            const auto& policy =
                round_.policies[static_cast<std::size_t>(i) % round_.policies.size()];
            std::string job = "actor lock proof";
            if (round_.has_port) job += " " + std::to_string(scene_.port());
            // Whoever is waited for has to end by himself.
            if (policy == "--wait") job = "actor lock-briefly proof";
            std::string command = "once -v --stop-timeout 300ms ";
            command.append(policy).append(" ").append(slot()).append(" -- ").append(job);
            all.push_back(std::move(command));
        }
        return all;
    }

    int chance(int below) { return static_cast<int>(dice_() % static_cast<unsigned>(below)); }

    // --- while they run ------------------------------------------------------------------------

    void disturb() {
        const int acts = 5 + chance(25);
        for (int act = 0; act < acts; ++act) {
            (void)within(std::chrono::milliseconds(chance(10)), [] { return false; });
            const auto all = players(round_.unrest != Unrest::harmless);
            if (all.empty()) continue;
            const auto& victim =
                all[static_cast<std::size_t>(chance(static_cast<int>(all.size())))];
            const bool kills = round_.unrest == Unrest::kills && chance(2) == 0;
            kills ? kill(victim) : signal(victim);
        }
    }

    void kill(const Process& victim) {
        if (!signal_exactly(victim, SIGKILL)) return;
        ++(is_leader(victim)       ? tally_.kills_of_leader
           : victim.name == "once" ? tally_.kills_of_once
                                   : tally_.kills_of_keeper);
    }

    void signal(const Process& victim) {
        const bool is_harmless = round_.unrest == Unrest::harmless;
        const int number =
            is_harmless ? harmless[dice_() % harmless.size()] : harmful[dice_() % harmful.size()];
        if (signal_exactly(victim, number)) ++tally_.signals;
        if (number != SIGSTOP && number != SIGTSTP) return;
        (void)within(std::chrono::milliseconds(chance(10)), [] { return false; });
        (void)signal_exactly(victim, SIGCONT);
    }

    // --- afterwards ----------------------------------------------------------------------------

    [[nodiscard]] bool all_have(const char* policy) const {
        return round_.policies == std::vector<std::string>{policy};
    }

    // Nobody was ended by us: then it is known who is left, and how the others ended.
    void check_outcome() {
        if (all_have("--wait")) {
            for (const Running& one : crowd_.launches) CHECK(one.wait_ending() == exited(0));
            CHECK(crowd_.with_output("locked") == crowd_size);
            return;
        }
        if (round_.policies.size() > 1) return;
        const Running winner = crowd_.winner();
        if (all_have("--replace")) {
            for (const Running& one : crowd_.launches) {
                INFO(winner.stderr_text() << "is left; and this one:\n"
                                          << one.stdout_text() << one.stderr_text());
                CHECK(begun(one) <= begun(winner));
            }
        } else {
            CHECK(crowd_.with_output("ready") == 1);
            const Ending lost = all_have("--reuse") ? exited(0) : exited(75);
            for (const Running& one : crowd_.launches) {
                if (one.pid() != winner.pid()) CHECK(one.wait_ending() == lost);
            }
        }
        // It listens a moment after it has locked, and its once sees that a moment later.
        if (round_.has_port) {
            winner.wait_for_output("listening");
            CHECK(listener_pids(scene_.port()) == std::vector<pid_t>{winner.ready_pid()});
        }
    }

    static unsigned long long begun(const Running& launch) {
        const std::string label = "begun ";
        const auto& text = launch.stderr_text();
        const auto place = text.find(label);
        return place == std::string::npos ? 0 : std::stoull(text.substr(place + label.size()));
    }

    // Whatever has happened: a new launch gets the slot and keeps it; and what is still waiting
    // comes after it.
    void check_next_launch() {
        const auto last = round_.has_port ? hold_port(scene_) : hold(scene_, {"-n", "x"});
        const auto refused = scene_.run({"sh", "-c", "exec once --refuse " + slot() + " -- true"});
        CHECK(refused.ending == exited(75));
        CHECK_FALSE(last.once.ended());
        const auto status = scene_.run({"once", "status"});
        CHECK_THAT(status.stderr_text, !has("record"));
        last.once.signal(SIGTERM);
        CHECK(last.once.wait_ending() == killed_by(SIGTERM));
        CHECK(count(last.once.stdout_text(), "second") == 0);
    }

    // Under --reuse one may have waited for the end of another, and have the slot now.
    void end_the_rest() const {
        for (std::size_t i = 0; i < crowd_.launches.size(); ++i) {
            const Running& one = crowd_.launches[i];
            const bool ends_itself = round_.policies[i % round_.policies.size()] == "--wait";
            if (!ends_itself && !one.ended()) one.signal(SIGTERM);
        }
    }

    void check_ending(const Running& launch) const {
        const Ending ending = launch.wait_ending();
        INFO("it ended like this: " << ending << "\n"
                                    << launch.stdout_text() << launch.stderr_text());
        CHECK(is_documented(launch, ending));
    }

    [[nodiscard]] bool is_documented(const Running& launch, const Ending& ending) const {
        const bool is_gentle = ending == exited(0) || ending == exited(75);
        // KILL: one that was asked to end, and was not given the time for it.
        if (is_gentle || ending == killed_by(SIGTERM) || ending == killed_by(SIGKILL)) return true;
        if (round_.unrest == Unrest::harmless) return false;
        const bool is_killed =
            ending == killed_by(SIGKILL) ||
            (ending == exited(125) && count(launch.stderr_text(), "the keeper was killed") > 0);
        if (is_killed) return round_.unrest == Unrest::kills;
        return ending.signal && !ending.dumped_core &&
               std::find(harmful.begin(), harmful.end(), *ending.signal) != harmful.end();
    }

    const Round& round_;
    Tally& tally_;
    std::mt19937 dice_;
    Scenario scene_;
    Crowd crowd_;
};

}  // namespace

std::string text_of(const Tally& tally) {
    return std::to_string(tally.rounds) + " rounds, " + std::to_string(tally.launches) +
           " launches, " + std::to_string(tally.jobs) + " jobs, " + std::to_string(tally.signals) +
           " signals; killed: " + std::to_string(tally.kills_of_once) + " once, " +
           std::to_string(tally.kills_of_keeper) + " keepers, " +
           std::to_string(tally.kills_of_leader) + " leaders";
}

void play(const Round& round, Tally& tally) {
    INFO("seed " << round.seed << ", unrest " << static_cast<int>(round.unrest));
    Play(round, tally).run();
}

}  // namespace once::test
