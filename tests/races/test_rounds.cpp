// Twenty launches at once, again and again, with signals and SIGKILLs among them at random moments.
// A round that failed is run again by its seed: ONCE_RACES_SEED=42 ONCE_RACES_ROUNDS=1.

#include <cstdio>
#include <cstdlib>

#include "catch.hpp"
#include "round.hpp"

using namespace once::test;

namespace {

int number_from(const char* variable, int otherwise) {
    const char* text = std::getenv(variable);
    return text != nullptr ? std::atoi(text) : otherwise;
}

/// So many rounds, each with its own seed, which says what unrest there is and what the slot is.
void play_rounds(const std::vector<std::string>& policies, int rounds) {
    Tally tally;
    const int first = number_from("ONCE_RACES_SEED", 0);
    const int last = first + number_from("ONCE_RACES_ROUNDS", rounds);
    for (int seed = first; seed < last; ++seed) {
        play({policies, static_cast<Unrest>(seed % 3), seed / 3 % 2 == 0,
              static_cast<unsigned>(seed)},
             tally);
    }
    (void)std::printf("%s: %s\n", policies.size() > 1 ? "all policies" : policies.front().c_str(),
                      text_of(tally).c_str());
    (void)std::fflush(stdout);
}

const std::vector<std::string> replace{"--replace"};
const std::vector<std::string> refuse{"--refuse"};
const std::vector<std::string> reuse{"--reuse"};
const std::vector<std::string> wait{"--wait"};
const std::vector<std::string> all_policies{"--replace", "--refuse", "--reuse", "--wait"};

constexpr int short_look = 3;
constexpr int whole = 1000;

}  // namespace

TEST_CASE("among twenty launches with --replace and signals and kills there is never a second job",
          "[races]") {
    play_rounds(replace, short_look);
}

TEST_CASE("among twenty launches of all policies and signals and kills there is never a second job",
          "[races]") {
    play_rounds(all_policies, short_look);
}

TEST_CASE("a thousand rounds with --replace", "[.proof]") { play_rounds(replace, whole); }
TEST_CASE("a thousand rounds with --refuse", "[.proof]") { play_rounds(refuse, whole); }
TEST_CASE("a thousand rounds with --reuse", "[.proof]") { play_rounds(reuse, whole); }
TEST_CASE("a thousand rounds with --wait", "[.proof]") { play_rounds(wait, whole); }
TEST_CASE("a thousand rounds with all policies at once", "[.proof]") {
    play_rounds(all_policies, whole);
}
