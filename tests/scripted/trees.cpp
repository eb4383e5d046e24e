#include "trees.hpp"

#include <algorithm>

#include "contenders.hpp"

namespace once::test {

using fake::world;

fake::Actor& put(int pid, int parent, const std::string& command, int session) {
    const auto program = command.substr(0, command.find(' '));
    auto& actor = world().add(pid, parent, program.substr(program.rfind('/') + 1));
    actor.command = command;
    actor.facts.session = session;
    actor.facts.group = session;
    return actor;
}

void put_npm_job() {
    put(their_terminal, 1, "-bash");
    put(310, their_terminal, "npm run dev").arguments = {"npm run dev"};
    put(311, 310, "sh -c tsx watch src/x.ts");
    put(312, 311, "node /app/node_modules/.bin/tsx watch src/x.ts");
    put(313, 312, "node --require /app/node_modules/tsx/dist/preflight.cjs src/x.ts").ports = {
        port};
}

void put_pm2(int pid) {
    put(pid, 1, "PM2 v5.3.0: God Daemon (/home/me/.pm2)").facts.name = "PM2 v5.3.0: God";
}

std::vector<int> pids_of(const std::vector<os::ProcessFacts>& processes) {
    std::vector<int> pids;
    for (const auto& process : processes) pids.push_back(process.id.pid);
    std::sort(pids.begin(), pids.end());
    return pids;
}

}  // namespace once::test
