// Two and three real admissions against each other, in every order that a few changes of turn can
// make, and in many that chance makes.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "catch.hpp"
#include "contest.hpp"

using namespace once::test;
using once::claim::Policy;

namespace {

constexpr std::array policies{Policy::replace, Policy::refuse, Policy::reuse, Policy::wait};

struct Turn {
    int step;
    std::size_t to;
};

// Who acts goes on until he has to wait, but for these turns.
Director by(std::vector<Turn> turns, int killed_at = 0) {
    return [turns = std::move(turns), killed_at](const Moment& now) {
        Cue cue{now.current, now.step == killed_at};
        for (const auto& turn : turns) {
            const bool can =
                std::find(now.ready.begin(), now.ready.end(), turn.to) != now.ready.end();
            if (turn.step == now.step && can) cue.next = turn.to;
        }
        return cue;
    };
}

struct Chance {
    double turns = 0.1;
    double kills = 0;
    double slow = 0;
};

Director by_chance(std::mt19937& dice, const Chance& chance) {
    return [&dice, chance](const Moment& now) {
        std::uniform_real_distribution<> die;
        Cue cue{now.current, die(dice) < chance.kills, die(dice) < chance.slow};
        if (die(dice) < chance.turns) cue.next = now.ready[dice() % now.ready.size()];
        return cue;
    };
}

std::string text_of(const std::vector<Contender>& contenders, const Course& course) {
    std::string text = course.trouble;
    for (std::size_t i = 0; i < contenders.size(); ++i) {
        const auto& fate = course.fates[i];
        text += "\n  policy " + std::to_string(static_cast<int>(contenders[i].policy)) +
                ", begun " + std::to_string(contenders[i].begun) + ": status " +
                std::to_string(fate.status) + (fate.had_job ? ", had a job" : "") +
                (fate.was_left ? ", was left" : "") + (fate.words.empty() ? "" : ": ") + fate.words;
    }
    return text;
}

bool all_replace(const std::vector<Contender>& contenders) {
    return std::all_of(contenders.begin(), contenders.end(),
                       [](const auto& one) { return one.policy == Policy::replace; });
}

// What has to hold of every course, whatever the order; empty if it does.
std::string fault_in(const std::vector<Contender>& contenders, const Course& course) {
    if (!course.trouble.empty()) return course.trouble;
    std::size_t newest = 0;
    int jobs = 0;
    for (std::size_t i = 0; i < contenders.size(); ++i) {
        const auto& fate = course.fates[i];
        if (contenders[i].begun > contenders[newest].begun) newest = i;
        if (fate.had_job) ++jobs;
        if (fate.asked_newer) return "one that is newer was asked to end";
        const bool is_known = fate.status == 0 || fate.status == 75 || fate.status == 143 ||
                              (fate.status == -1 && course.kills > 0);
        if (!is_known) return "a status that is not documented";
        // A newer one may replace it before its job is launched.
        const bool is_patient = contenders[i].policy == Policy::wait;
        const bool gave_way = fate.words.find("gave way") != std::string::npos;
        if (is_patient && fate.status == 75 && !gave_way) return "--wait was refused";
    }
    if (course.kills == 0 && jobs == 0) return "nobody had a job";
    const bool newest_wins = all_replace(contenders) && course.kills == 0;
    if (newest_wins && !course.fates[newest].was_left) return "the newest is not the one left";
    return "";
}

class Exploration {
public:
    explicit Exploration(std::vector<Contender> contenders) : contenders_(std::move(contenders)) {}

    // How many calls it took.
    int play_by(const Director& director, const std::string& order) {
        const auto course = play(contenders_, director);
        ++count_;
        steps_ += course.steps;
        const auto fault = fault_in(contenders_, course);
        if (!fault.empty()) {
            FAIL_CHECK(fault << " (" << order << ")" << text_of(contenders_, course));
        }
        return course.steps;
    }

    void every_turn(int killed_at = 0) {
        for (std::size_t to = 0; to < contenders_.size(); ++to) {
            for (int at = 1, steps = 1; at <= steps; ++at) {
                steps = play_by(by({{at, to}}, killed_at), text({{at, to}}, killed_at));
            }
        }
    }

    void every_pair_of_turns() {
        for (std::size_t first = 1; first < contenders_.size(); ++first) {
            const std::size_t second = first == 1 ? 0 : 1;
            for (int at = 1, steps = 1; at <= steps; ++at) {
                for (int then = at + 1; then <= steps || then == at + 1; ++then) {
                    const std::vector<Turn> turns{{at, first}, {then, second}};
                    steps = play_by(by(turns), text(turns, 0));
                }
            }
        }
    }

    void every_kill() {
        for (int at = 1, steps = 1; at <= steps; ++at) {
            steps = play_by(by({}, at), text({}, at));
        }
    }

    void orders_of_chance(int rounds, unsigned seed, const Chance& chance) {
        for (int round = 0; round < rounds; ++round) {
            const unsigned its_seed = seed + static_cast<unsigned>(round);
            std::mt19937 dice(its_seed);
            play_by(by_chance(dice, chance), "seed " + std::to_string(its_seed));
        }
    }

    // A kill, and a change of turn somewhere else: the one who was killed need not be the first.
    void every_kill_and_turn() {
        for (int at = 1, steps = 1; at <= steps; ++at) {
            for (int killed_at = 1; killed_at <= steps || killed_at == 1; ++killed_at) {
                const std::vector<Turn> turns{{at, 1}};
                steps = play_by(by(turns, killed_at), text(turns, killed_at));
            }
        }
    }

    int count() const { return count_; }
    long long steps() const { return steps_; }

private:
    static std::string text(const std::vector<Turn>& turns, int killed_at) {
        std::string words = killed_at > 0 ? "killed at " + std::to_string(killed_at) + ' ' : "";
        for (const auto& turn : turns) {
            words +=
                "turn to " + std::to_string(turn.to) + " at " + std::to_string(turn.step) + ' ';
        }
        return words;
    }

    std::vector<Contender> contenders_;
    int count_ = 0;
    long long steps_ = 0;
};

// All pairs of policies, the older one first and the newer one first.
std::vector<std::vector<Contender>> all_pairs() {
    std::vector<std::vector<Contender>> pairs;
    for (const auto one : policies) {
        for (const auto other : policies) {
            pairs.push_back({{one, 1000}, {other, 2000}});
            pairs.push_back({{one, 2000}, {other, 1000}});
        }
    }
    return pairs;
}

// All triples of policies, begun in the order of 1, 3, 2.
std::vector<std::vector<Contender>> all_triples() {
    std::vector<std::vector<Contender>> triples;
    for (const auto one : policies) {
        for (const auto other : policies) {
            for (const auto third : policies) {
                triples.push_back({{one, 1000}, {other, 3000}, {third, 2000}});
            }
        }
    }
    return triples;
}

class Count {
public:
    void add(const Exploration& one) {
        orders_ += one.count();
        steps_ += one.steps();
    }
    void print(const char* what) const {
        (void)std::printf("%d %s: %lld steps\n", orders_, what, steps_);
        (void)std::fflush(stdout);
    }

private:
    int orders_ = 0;
    long long steps_ = 0;
};

}  // namespace

TEST_CASE("whenever two launches with --replace take turns: one job, and the newer one is left") {
    for (const std::uint64_t begun : {500U, 2000U}) {
        Exploration({{Policy::replace, 1000}, {Policy::replace, begun}}).every_turn();
    }
}

TEST_CASE("whatever two launches want, and whenever they take turns, there is one job") {
    for (const auto& pair : all_pairs()) Exploration(pair).orders_of_chance(20, 1, {});
}

TEST_CASE("whatever three launches want, and whenever they take turns, there is one job") {
    Exploration({{Policy::replace, 1000}, {Policy::replace, 3000}, {Policy::replace, 2000}})
        .orders_of_chance(200, 1, {});
    for (const auto& three : all_triples()) Exploration(three).orders_of_chance(1, 1, {});
}

TEST_CASE("wherever a launch is killed, the other one gets the slot, and there is one job") {
    for (const std::uint64_t begun : {500U, 2000U}) {
        Exploration({{Policy::replace, 1000}, {Policy::replace, begun}}).every_kill();
    }
}

TEST_CASE("all orders of two launches with two changes of turn", "[.proof]") {
    Count count;
    for (const auto& pair : all_pairs()) {
        Exploration two(pair);
        two.every_turn();
        two.every_pair_of_turns();
        count.add(two);
    }
    count.print("orders of two launches, with each pair of turns");
}

TEST_CASE("all orders of two launches with a kill and a change of turn", "[.proof]") {
    Count count;
    for (const auto& pair : all_pairs()) {
        Exploration two(pair);
        two.every_kill();
        two.every_kill_and_turn();
        count.add(two);
    }
    count.print("orders of two launches, with each kill and turn");
}

TEST_CASE("all orders of three launches with a change of turn, and of chance", "[.proof]") {
    Count count;
    for (const auto& all : all_triples()) {
        Exploration three(all);
        three.every_turn();
        three.orders_of_chance(100, 1, {});
        three.orders_of_chance(100, 1000, {.turns = 0.03, .kills = 0.002, .slow = 0.01});
        count.add(three);
    }
    count.print("orders of three launches, by turns and by chance");
}

TEST_CASE("orders of two launches on a slow machine, with kills, by chance", "[.proof]") {
    Count count;
    for (const auto& pair : all_pairs()) {
        Exploration two(pair);
        two.orders_of_chance(300, 1, {.turns = 0.05, .kills = 0, .slow = 0.02});
        two.orders_of_chance(300, 1000, {.turns = 0.05, .kills = 0.002, .slow = 0.005});
        count.add(two);
    }
    count.print("orders of two launches, slow and killed, by chance");
}
