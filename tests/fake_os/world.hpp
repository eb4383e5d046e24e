#pragma once
// The third system: a world in memory, in which nothing happens but what the script says, one step
// for each time that somebody waits. Several may live in it: `self` is the one that goes on now.

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "os/events.hpp"
#include "os/process.hpp"
#include "os/sockets.hpp"

namespace once::fake {

struct Actor {
    os::ProcessFacts facts;
    std::string command;
    std::vector<std::string> arguments;  ///< the words of `command`, unless there are some here
    std::string folder;
    std::map<std::string, std::string> environment;
    std::uint32_t owner = 1000;
    std::string control_group = "0::/user.slice/user-1000.slice/session-2.scope\n";
    std::uint64_t pid_namespace = 2;
    std::vector<os::Port> ports;   ///< it listens there
    std::vector<int> signals;      ///< what it was sent
    std::deque<os::Event> events;  ///< on their way to it
};

/// A listening socket that several processes have open, or that nobody has whom we may see.
struct SharedSocket {
    os::Port port = 0;
    std::vector<int> sharers;  ///< it is closed when they all have ended
    std::uint32_t owner = 1000;
    bool is_unseen = false;  ///< it is open for ever, and nobody tells who has it
};

/// Who listens at an address and a port.
struct Server {
    bool accepts = true;  ///< else nothing comes back, not even a refusal
    std::string says;     ///< once it was asked
    bool closes = false;  ///< after that
};

struct World {
    TimePoint now{std::chrono::hours(1)};
    std::map<int, Actor> actors;                         ///< the living, by pid
    std::map<std::uint64_t, SharedSocket> sockets;       ///< beside those of actors, by inode
    std::map<std::string, std::string> files;            ///< of the state folder, locks among them
    std::map<std::string, int> locks;                    ///< who has it
    std::deque<std::function<void()>> steps;             ///< one for each wait
    std::function<void(int pid, int signal)> on_signal;  ///< how others take one
    int self = 0;                                        ///< the process under test
    std::function<void()> on_call;  ///< at each call into this world: others may go on meanwhile
    /// Instead of the steps: how time goes by for one who waits. Returns when he shall look again.
    std::function<void(std::optional<TimePoint> deadline)> on_wait;
    std::vector<std::pair<int, int>> signals;               ///< all that were sent: pid and number
    std::map<std::string, Server> servers;                  ///< by `127.0.0.1:80`
    std::map<std::string, std::vector<std::string>> hosts;  ///< their addresses
    std::vector<std::pair<TimePoint, std::string>> connections;  ///< when we tried, and where
    std::string received;                                        ///< all that we sent to servers

    /// A process; its start time is its pid.
    Actor& add(int pid, int parent, const std::string& name);
    /// It is gone, and so are its locks and its sockets.
    void end(int pid);
    [[nodiscard]] bool lives(int pid) const { return actors.contains(pid); }
    /// They listen on a port together. Processes that have sockets of their own are in `actors`.
    void share(os::Port port, std::vector<int> sharers);
    /// A lock for somebody else. False if it is taken.
    bool lock(const std::string& name, int pid);
    /// An event on its way to the process under test.
    void tell(os::Event event) { actors[self].events.push_back(event); }
};

/// The one world of the running test, and a fresh one for the next.
World& world();
void begin_anew();

/// Said first in every call into this world that sees or changes what others see.
void call();
/// Whether something that it waits for has come for this process.
bool has_event(int pid);

// What the handles in this world stand for.
enum class Kind { folder, lock, process, funeral, connection, lookup };
struct Object {
    Kind kind;
    std::string name;
    os::ProcessId process;
};
os::Handle make_handle(Object object);
const Object& object_of(const os::Handle& handle);

}  // namespace once::fake
