#include "claim/description.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "os/machine.hpp"

namespace once::claim {
namespace {

constexpr std::size_t longest_command = 80;

std::string quoted(const std::string& command) {
    return fmt::format("'{}'", shortened(printable(command), longest_command));
}

std::vector<int> own_ancestors() {
    std::vector<int> pids;
    for (auto process = os::read_process(os::own_pid()); process && pids.size() < 1000;
         process = os::read_process(process->parent)) {
        pids.push_back(process->id.pid);
    }
    return pids;
}

// From a process up to the one that may stand for its whole job: through parents of the same user
// and session that have no other child, never to a session's leader or to one that we descend from.
std::vector<os::ProcessFacts> climb(int pid) {
    const auto ours = own_ancestors();
    const auto table = os::read_processes();
    const auto find = [&](int wanted) {
        return std::find_if(table.begin(), table.end(),
                            [&](const auto& one) { return one.id.pid == wanted; });
    };
    std::vector<os::ProcessFacts> chain;
    for (auto process = find(pid); process != table.end(); process = find(process->parent)) {
        chain.push_back(*process);
        const auto parent = find(process->parent);
        const auto siblings = std::count_if(table.begin(), table.end(), [&](const auto& one) {
            return one.parent == process->parent && !one.is_zombie();
        });
        const bool is_linear = parent != table.end() && siblings == 1 && parent->id.pid > 1 &&
                               parent->session == process->session &&
                               parent->id.pid != parent->session &&
                               os::owner_of(parent->id.pid) == os::owner_of(pid) &&
                               std::find(ours.begin(), ours.end(), parent->id.pid) == ours.end();
        if (!is_linear || chain.size() > 30) break;
    }
    std::reverse(chain.begin(), chain.end());
    return chain;
}

std::string named(const os::ProcessFacts& process) {
    return fmt::format("{} ({})", printable(process.name), process.id.pid);
}

std::string ago_text(os::ProcessId id) {
    const auto age = os::age_of(id);
    return age.count() == 0 ? "just now" : span_text(age) + " ago";
}

std::string starter_text(int pid) {
    const auto process = os::read_process(pid);
    if (!process) return {};
    const auto parent = os::read_process(process->parent);
    if (!parent || parent->id.pid <= 1) return " by pid 1, or by a process that has ended";
    return fmt::format(" by {} (pid {})", printable(parent->name), parent->id.pid);
}

// Asked alone, npm and sh would go and leave the one that listens: all of them, from the top down.
std::string advice(const std::vector<os::ProcessFacts>& chain) {
    const int pid = chain.front().id.pid;
    const auto pids = pids_text(chain);
    const auto unit = os::systemd_unit(pid);
    const auto owner = os::owner_of(pid);
    if (!unit.empty()) {
        return fmt::format("it is the systemd unit {}; to end it: systemctl stop {}",
                           printable(unit), printable(unit));
    }
    if (owner && *owner != os::user_id()) {
        return fmt::format(
            "it belongs to the user {}, so it is left alone; to end it: sudo kill {}",
            printable(os::user_name(*owner)), pids);
    }
    return fmt::format("it was not started by once, so it is left alone; to end it: kill {}", pids);
}

std::string describe_owner(os::Port port, int pid) {
    const auto chain = climb(pid);
    if (chain.empty()) return fmt::format("port {} is held by a process that has just ended", port);
    const auto& root = chain.front();
    auto text =
        fmt::format("port {} is held by {}, started {}{}", port, describe_process(root.id.pid),
                    ago_text(root.id), starter_text(root.id.pid));
    if (chain.size() > 1) {
        text += fmt::format("\nthe one that listens is the last of: {}", named(root));
        for (std::size_t i = 1; i < chain.size(); ++i) text += " > " + named(chain[i]);
    }
    return text + '\n' + advice(chain);
}

std::string state_text(const os::Socket& socket) {
    switch (socket.use) {
        case os::SocketUse::listening:
            return "listens";
        case os::SocketUse::bound:
            return "is bound to it, but does not listen";
        case os::SocketUse::connected:
            return fmt::format("has a connection from it to {} port {}", socket.peer_address,
                               socket.peer_port);
        case os::SocketUse::lingering:
            return "was closed a moment ago (TIME_WAIT); the kernel frees it within a minute";
    }
    return {};
}

}  // namespace

std::string command_text(const std::vector<std::string>& command) {
    std::string text;
    for (const auto& word : command) {
        if (!text.empty()) text += ' ';
        text += word;
        if (text.size() > 4 * longest_command) break;
    }
    return shortened(printable(text), longest_command);
}

std::string folder_text(const std::string& folder) {
    const auto home = os::home_folder();
    const bool is_below = !home.empty() && home != "/" && folder.starts_with(home) &&
                          (folder.size() == home.size() || folder[home.size()] == '/');
    return printable(is_below ? "~" + folder.substr(home.size()) : folder);
}

std::string describe(const Record& record) {
    // Until its command runs it has not said who started it.
    const auto starter =
        record.starter.name.empty()
            ? std::string()
            : fmt::format(" by {} (pid {})", printable(record.starter.name), record.starter.id.pid);
    return fmt::format("'{}' (pid {}) in {}, started {}{}", command_text(record.command),
                       record.once.pid, folder_text(record.folder), ago_text(record.once), starter);
}

std::string describe_process(int pid) {
    const auto folder = os::folder_of(pid);
    const auto owner = os::owner_of(pid);
    auto text = fmt::format("{} (pid {})", quoted(os::command_line(pid)), pid);
    if (owner && *owner != os::user_id()) {
        text += fmt::format(" of the user {}", printable(os::user_name(*owner)));
    }
    if (!folder.empty()) text += " in " + folder_text(folder);
    return text;
}

std::string describe_stranger(os::Port port, const std::vector<os::Socket>& sockets) {
    const auto owners = os::find_owners(os::inodes_of(sockets));
    if (owners.found.empty()) {
        const auto& socket = sockets.front();
        return fmt::format(
            "port {} is held by a process of the user {} that we may not see, listening on {}\n"
            "to see it: sudo ss -ltnp 'sport = :{}'",
            port, printable(os::user_name(socket.owner)), socket.address, port);
    }
    std::string text;
    std::vector<int> told;
    for (const auto& socket : sockets) {
        // Of all who share one socket the oldest stands for the others: it made it.
        int oldest = 0;
        for (const auto& owner : owners.found) {
            if (owner.inode == socket.inode && (oldest == 0 || owner.pid < oldest)) {
                oldest = owner.pid;
            }
        }
        if (oldest == 0 || std::find(told.begin(), told.end(), oldest) != told.end()) continue;
        told.push_back(oldest);
        text += (text.empty() ? "" : "\n") + describe_owner(port, oldest);
    }
    return text;
}

std::string describe_non_listeners(os::Port port) {
    const auto sockets = os::other_users(port);
    const auto worst = std::find_if(sockets.begin(), sockets.end(), [](const os::Socket& socket) {
        return socket.use != os::SocketUse::lingering;
    });
    if (sockets.empty()) {
        return fmt::format("port {} cannot be bound, and the kernel does not say why", port);
    }
    const auto& socket = worst != sockets.end() ? *worst : sockets.front();
    const auto owners = os::find_owners({socket.inode});
    const auto who = owners.found.empty() ? fmt::format("a socket of the user {}",
                                                        printable(os::user_name(socket.owner)))
                                          : describe_process(owners.found.front().pid);
    return fmt::format("port {} is taken, although nobody listens on it: {} {}", port, who,
                       state_text(socket));
}

std::string pids_text(const std::vector<os::ProcessFacts>& processes) {
    std::string text;
    for (const auto& process : processes) {
        text += fmt::format("{}{}", text.empty() ? "" : " ", process.id.pid);
    }
    return text;
}

}  // namespace once::claim
