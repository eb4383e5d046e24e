#include <vector>

#include "catch.hpp"
#include "claim/verdict.hpp"
#include "sample_record.hpp"

using namespace once::claim;
using once::test::sample_record;

namespace {

const std::vector<State> states_here{State::launching, State::starting,  State::running,
                                     State::ready,     State::suspended, State::not_listening,
                                     State::stopping,  State::leftover,  State::gone};

enum class Age { older, newer };
enum class Folder { same, other };

// What a launch of this policy does about such a holder.
Verdict verdict(Policy policy, State state, Folder folder = Folder::same, Age age = Age::older,
                bool force = false, bool is_stop = false) {
    Claim claim{{}, policy, {}, force, 75, sample_record()};
    claim.self.verb = is_stop ? Verb::stop : Verb::launch;
    auto holder = sample_record();
    holder.verb = Verb::launch;
    holder.begun = claim.self.begun + (age == Age::newer ? 1U : 0U) - (age == Age::older ? 1U : 0U);
    if (folder == Folder::other) holder.folder = "/elsewhere";
    return judge(claim, holder, state);
}

std::vector<State> all_states() {
    auto all = states_here;
    all.push_back(State::elsewhere);
    return all;
}

}  // namespace

TEST_CASE("to wait one need not know the holder") {
    for (const auto state : all_states()) {
        for (const auto folder : {Folder::same, Folder::other}) {
            for (const auto age : {Age::older, Age::newer}) {
                CHECK(verdict(Policy::wait, state, folder, age) == Verdict::await);
            }
        }
    }
}

TEST_CASE("under --refuse nobody is ever ended") {
    for (const auto state : all_states()) {
        for (const auto folder : {Folder::same, Folder::other}) {
            for (const auto age : {Age::older, Age::newer}) {
                CHECK(verdict(Policy::refuse, state, folder, age) == Verdict::refuse);
            }
        }
    }
}

TEST_CASE("an older holder from our folder is replaced, whatever it does") {
    for (const auto state : states_here) {
        CHECK(verdict(Policy::replace, state) == Verdict::evict);
    }
}

TEST_CASE("newest wins: to a newer holder the launch gives way, whatever it does") {
    for (const auto state : states_here) {
        CHECK(verdict(Policy::replace, state, Folder::same, Age::newer) == Verdict::give_way);
    }
}

TEST_CASE("a holder from another folder is left alone, older or newer") {
    for (const auto policy : {Policy::replace, Policy::reuse}) {
        for (const auto state : states_here) {
            CHECK(verdict(policy, state, Folder::other, Age::older) == Verdict::foreign);
            CHECK(verdict(policy, state, Folder::other, Age::newer) == Verdict::foreign);
        }
    }
}

TEST_CASE("a holder that we cannot see is left alone, whatever its folder is called") {
    for (const auto policy : {Policy::replace, Policy::reuse}) {
        for (const auto folder : {Folder::same, Folder::other}) {
            CHECK(verdict(policy, State::elsewhere, folder) == Verdict::unknowable);
        }
    }
}

TEST_CASE("a healthy holder is reused, older or newer") {
    for (const auto age : {Age::older, Age::newer}) {
        CHECK(verdict(Policy::reuse, State::ready, Folder::same, age) == Verdict::reuse);
        CHECK(verdict(Policy::reuse, State::running, Folder::same, age) == Verdict::reuse);
    }
}

TEST_CASE("a holder on its way up or down is worth the wait under --reuse") {
    for (const auto state : {State::launching, State::starting, State::stopping}) {
        CHECK(verdict(Policy::reuse, state) == Verdict::await);
        CHECK(verdict(Policy::reuse, state, Folder::same, Age::newer) == Verdict::await);
    }
}

TEST_CASE("an unhealthy holder is replaced under --reuse, and given way to if it is newer") {
    for (const auto state : {State::not_listening, State::suspended}) {
        CHECK(verdict(Policy::reuse, state) == Verdict::evict);
        CHECK(verdict(Policy::reuse, state, Folder::same, Age::newer) == Verdict::give_way);
    }
}

TEST_CASE("only a holder that runs or listens is healthy") {
    for (const auto state : all_states()) {
        CHECK(is_healthy(state) == (state == State::running || state == State::ready));
    }
}

TEST_CASE("with force, and for a stop, another folder is as good as ours") {
    for (const auto policy : {Policy::replace, Policy::reuse, Policy::refuse, Policy::wait}) {
        for (const auto state : all_states()) {
            for (const auto age : {Age::older, Age::newer}) {
                const auto same = verdict(policy, state, Folder::same, age);
                CAPTURE(static_cast<int>(policy), static_cast<int>(state), static_cast<int>(age));
                CHECK(verdict(policy, state, Folder::other, age, true, false) == same);
                CHECK(verdict(policy, state, Folder::other, age, false, true) == same);
            }
        }
    }
}
