// The process table, the sockets and the machine, as the script has them.

#include <algorithm>
#include <csignal>

#include "os/machine.hpp"
#include "os/pid_file.hpp"
#include "os/process.hpp"
#include "os/sockets.hpp"
#include "world.hpp"

namespace once::os {

using fake::Kind;
using fake::world;

namespace {

std::vector<int> living(std::vector<int> pids) {
    std::erase_if(pids, [](int pid) { return !world().lives(pid); });
    return pids;
}

// Who has a socket open: of most of them just the one by whose pid it goes.
std::vector<int> sharers_of(std::uint64_t inode) {
    const auto socket = world().sockets.find(inode);
    if (socket == world().sockets.end()) return living({static_cast<int>(inode)});
    return socket->second.is_unseen ? std::vector<int>() : living(socket->second.sharers);
}

}  // namespace

std::optional<ProcessFacts> read_process(int pid) {
    fake::call();
    if (!world().lives(pid)) return std::nullopt;
    return world().actors.at(pid).facts;
}

std::vector<ProcessFacts> read_processes() {
    fake::call();
    std::vector<ProcessFacts> all;
    for (const auto& [pid, actor] : world().actors) all.push_back(actor.facts);
    return all;
}

std::vector<ProcessFacts> read_children(int pid, int) {
    auto all = read_processes();
    std::erase_if(all, [&](const auto& process) { return process.parent != pid; });
    return all;
}

ProcessFacts own_facts() { return world().actors.at(world().self).facts; }
ProcessId own_id() { return own_facts().id; }
int own_pid() { return own_id().pid; }
int parent_pid() { return own_facts().parent; }

bool is_alive(ProcessId id) {
    const auto facts = read_process(id.pid);
    return facts && facts->id == id && !facts->is_zombie();
}

bool is_dying(ProcessId id) {
    const auto facts = read_process(id.pid);
    return !facts || facts->id != id || facts->is_dying();
}

std::string command_line(int pid) { return world().lives(pid) ? world().actors[pid].command : ""; }
std::string folder_of(int pid) { return world().lives(pid) ? world().actors[pid].folder : ""; }

std::optional<std::uint32_t> owner_of(int pid) {
    if (!world().lives(pid)) return std::nullopt;
    return world().actors[pid].owner;
}

std::vector<std::string> arguments_of(int pid) {
    if (!world().lives(pid)) return {};
    std::vector<std::string> words = world().actors[pid].arguments;
    if (!words.empty()) return words;
    for (std::string_view rest = world().actors[pid].command; !rest.empty();) {
        const auto end = std::min(rest.find(' '), rest.size());
        words.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return words;
}

std::string control_group_of(int pid) {
    return world().lives(pid) ? world().actors[pid].control_group : "";
}
std::uint64_t pid_namespace_of(int pid) {
    return world().lives(pid) ? world().actors[pid].pid_namespace : 0;
}
std::uint64_t memory_of(int) { return 0; }

bool ignores_signal(int, int) { return false; }
std::chrono::seconds age_of(ProcessId) { return std::chrono::seconds(7); }

std::optional<std::string> environment_of(int pid, std::string_view variable) {
    fake::call();
    if (!world().lives(pid)) return std::nullopt;
    const auto& all = world().actors[pid].environment;
    const auto found = all.find(std::string(variable));
    if (found == all.end()) return std::nullopt;
    return found->second;
}

std::optional<Process> Process::open(ProcessId id) {
    if (!is_alive(id)) return std::nullopt;
    return Process(id, fake::make_handle({Kind::process, {}, id}));
}

void signal_child(int pid, int number) noexcept {
    if (const auto process = Process::open(read_process(pid).value_or(ProcessFacts()).id)) {
        (void)process->signal(number);
    }
}

bool Process::signal(int number) const noexcept {
    if (!is_alive(id_) || world().actors[id_.pid].owner != user_id()) return false;
    if (number == 0) return true;
    world().actors[id_.pid].signals.push_back(number);
    world().signals.emplace_back(id_.pid, number);
    if (number == SIGKILL) {
        world().end(id_.pid);
    } else if (world().on_signal) {
        world().on_signal(id_.pid, number);
    }
    return true;
}

std::vector<Socket> listeners(std::optional<Port> port) {
    fake::call();
    std::vector<Socket> all;
    for (const auto& [pid, actor] : world().actors) {
        for (const auto one : actor.ports) {
            if (port && *port != one) continue;
            all.push_back({SocketUse::listening, one, "127.0.0.1", 0, "", actor.owner,
                           static_cast<std::uint64_t>(pid)});
        }
    }
    for (const auto& [inode, socket] : world().sockets) {
        const bool is_open = socket.is_unseen || !living(socket.sharers).empty();
        if (!is_open || (port && *port != socket.port)) continue;
        all.push_back({SocketUse::listening, socket.port, "::1", 0, "", socket.owner, inode});
    }
    return all;
}

std::vector<Socket> other_users(Port) { return {}; }

std::vector<std::uint64_t> inodes_of(const std::vector<Socket>& sockets) {
    std::vector<std::uint64_t> inodes;
    inodes.reserve(sockets.size());
    for (const auto& socket : sockets) inodes.push_back(socket.inode);
    return inodes;
}

Owners find_owners(const std::vector<std::uint64_t>& inodes,
                   const std::optional<std::vector<int>>& among) {
    Owners owners;
    for (const auto inode : inodes) {
        for (const int pid : sharers_of(inode)) {
            const bool asked =
                !among || std::find(among->begin(), among->end(), pid) != among->end();
            if (asked) owners.found.push_back({pid, inode});
        }
    }
    return owners;
}

PortState probe(Port port) { return listeners(port).empty() ? PortState::free : PortState::busy; }

std::optional<SocketFuneral> SocketFuneral::attend() { return std::nullopt; }
void SocketFuneral::drain() const noexcept {}

std::string boot_id() { return "this-boot"; }
std::uint64_t network_namespace() { return 1; }
std::uint64_t pid_namespace() { return 2; }
std::uint32_t user_id() { return 1000; }
std::string user_name(std::uint32_t user) { return user == 1000 ? "me" : "somebody"; }
std::string home_folder() { return "/home/me"; }
const char* variable(const char*) { return nullptr; }
void remove_pid_file(const std::string&, int) noexcept {}
void remove_stale_pid_file(const std::string&) noexcept {}

}  // namespace once::os
