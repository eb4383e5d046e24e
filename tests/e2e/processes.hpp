#pragma once
// What a test can ask about the processes and ports of the machine, straight from /proc and
// without a word of the program's own code, so that an error there is not believed here.
// Every answer is about the moment it was asked; wrap it in `eventually`.

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace once::test {

struct Process {
    pid_t pid = 0;
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    char state = '?';  // as in proc(5): R, S, D, T, Z, …
    unsigned long long started = 0;
    std::string name;

    bool is_alive() const { return state != 'Z' && state != 'X'; }
};

std::optional<Process> process(pid_t pid);
/// All of them, zombies included.
std::vector<Process> processes();
/// `pid 42 (child of 7, state S): actor listen 8001`.
std::string portrait(const Process& process);

/// A zombie is not alive.
bool alive(pid_t pid);
/// As in proc(5); '-' when there is no such process.
char process_state(pid_t pid);
/// 0 when there is no such process.
pid_t parent_of(pid_t pid);
pid_t group_of(pid_t pid);
pid_t session_of(pid_t pid);
/// Only those alive.
std::vector<pid_t> children_of(pid_t pid);
std::vector<pid_t> descendants(pid_t pid);
std::vector<pid_t> members_of_session(pid_t session);

std::vector<std::string> command_of(pid_t pid);
/// As of its exec.
std::map<std::string, std::string> environment_of(pid_t pid);

/// Any family, any address.
bool listening(int port);
/// All who share a socket that listens on the port, in ascending order.
std::vector<pid_t> listener_pids(int port);

/// A signal, but only if it still is this process. False if it is gone.
bool signal_exactly(const Process& target, int signal);

}  // namespace once::test
