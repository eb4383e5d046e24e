#pragma once
// One round: twenty launches at once for one slot, and unrest among them while they sort it out.
// All that is left to chance comes from the seed of the round.

#include <string>
#include <vector>

#include "scenario.hpp"

namespace once::test {

/// What happens to the launches and their jobs at random moments.
enum class Unrest {
    harmless,  ///< WINCH, STOP and CONT to once and keeper: nothing that would end a job
    signals,   ///< INT, TERM, HUP, QUIT, TSTP, CONT, WINCH, USR1 to once, keeper and leader
    kills      ///< SIGKILL among them
};

struct Round {
    /// Of the launches, in turn.
    std::vector<std::string> policies;
    Unrest unrest;
    bool has_port;  ///< the slot is a port, on which the job listens; else a name
    unsigned seed;
};

struct Tally {
    int rounds = 0;
    int launches = 0;
    int jobs = 0;
    int signals = 0;
    int kills_of_once = 0;
    int kills_of_keeper = 0;
    int kills_of_leader = 0;
};
std::string text_of(const Tally& tally);

/// Plays it, and checks what has to hold: never two jobs, one left, every launch with a status that
/// is documented, the next launch works, and nothing is left after it. The newest is left where
/// nobody was ended.
void play(const Round& round, Tally& tally);

}  // namespace once::test
