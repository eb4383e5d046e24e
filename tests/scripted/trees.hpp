#pragma once
// Jobs that somebody else has started, as trees of processes.

#include <string>
#include <vector>

#include "claim/stranger.hpp"
#include "world.hpp"

namespace once::test {

inline constexpr int their_terminal = 300;

/// A process of one session, named after its program.
fake::Actor& put(int pid, int parent, const std::string& command, int session = their_terminal);

/// `npm run dev` (310) > `sh -c …` (311) > `tsx watch` (312) > `node` (313), which listens, below a
/// shell (300) that somebody types into.
void put_npm_job();

/// pm2's daemon.
void put_pm2(int pid);

/// The pids of all, ascending.
std::vector<int> pids_of(const std::vector<os::ProcessFacts>& processes);

}  // namespace once::test
