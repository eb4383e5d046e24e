#pragma once
// What stands behind a Running. Only running.cpp, launch.cpp and scenario.cpp look in here.

#include "running.hpp"

namespace once::test {

struct Running::State {
    State(pid_t leader, std::string words);
    ~State();
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    /// Takes in the ending if there is one. The pid is ours until then, and not a moment longer.
    void reap();
    void signal(int number) const;

    pid_t pid;
    std::string command;
    int handle;  // a pidfd, so that a wait ends the moment the process does
    std::optional<Watch> watch;
    std::optional<Ending> ending;
    int input = -1;
    std::unique_ptr<Inlet> out;
    std::unique_ptr<Inlet> err;
};

/// The descriptors of a program to be started, and whether 0 becomes its controlling terminal.
struct Wiring {
    int in;
    int out;
    int err;
    bool is_terminal = false;
};

/// Forks and executes; fails the test if that cannot be done.
pid_t start_process(const std::vector<std::string>& command, const Launch& how,
                    const std::map<std::string, std::string>& environment, const Wiring& wiring);

}  // namespace once::test
