#pragma once
// Several launches that want the same slot, all of them with the real admission. Each lives in a
// thread of its own, but only one goes on at a time: at each call into the world in memory, the
// director says who goes on from here. So every order in which things can happen can be played, and
// played again.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "claim/claim.hpp"

namespace once::test {

struct Contender {
    claim::Policy policy = claim::Policy::replace;
    std::uint64_t begun = 1000;
};

/// What happens at a call: this one goes on; and perhaps somebody is killed with all of his job but
/// a worker, or the machine is so slow that time goes by although there is something to do.
struct Cue {
    std::size_t next;
    bool kills_current = false;
    bool is_slow = false;
};

/// Where the play stands when the director is asked.
struct Moment {
    int step;  ///< calls so far
    std::size_t current;
    std::vector<std::size_t> ready;  ///< who can go on; the current one may be among them
};

using Director = std::function<Cue(const Moment&)>;

struct Fate {
    int status = -1;  ///< 0: its job has run, or another one was used; -1: it was killed
    std::string words;
    bool had_job = false;
    bool was_reused = false;   ///< it has used another one
    bool was_left = false;     ///< its job was the one that ran when nothing happened any more
    bool asked_newer = false;  ///< it has asked one to end that had begun later
};

struct Course {
    std::vector<Fate> fates;
    int steps = 0;
    int kills = 0;
    std::string trouble;  ///< two jobs at once, a deadlock, something left; or empty
};

/// Plays it to the end: when nothing happens any more, the job that runs then ends by itself, until
/// all have ended. The first of them begins.
Course play(const std::vector<Contender>& contenders, const Director& director);

}  // namespace once::test
