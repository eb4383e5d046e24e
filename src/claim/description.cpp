#include "claim/description.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "claim/guard.hpp"
#include "os/machine.hpp"

namespace once::claim {
namespace {

constexpr std::size_t longest_command = 80;

std::string quoted(const std::string& command) {
    return fmt::format("'{}'", shortened(printable(command), longest_command));
}

std::string named(const os::ProcessFacts& process) {
    return fmt::format("{} ({})", printable(process.name), process.id.pid);
}

// From the root down to the one that listens.
std::vector<const os::ProcessFacts*> path_to_listener(const Stranger& stranger) {
    const auto find = [&](int pid) {
        return std::find_if(stranger.members.begin(), stranger.members.end(),
                            [&](const auto& one) { return one.id.pid == pid; });
    };
    std::vector<const os::ProcessFacts*> path;
    for (auto one = find(stranger.sharers.front());
         one != stranger.members.end() && path.size() < 30; one = find(one->parent)) {
        path.push_back(&*one);
    }
    std::reverse(path.begin(), path.end());
    return path;
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

std::string describe(const Stranger& stranger) {
    const auto& socket = stranger.sockets.front();
    if (!stranger.is_visible()) {
        return fmt::format(
            "port {} is held by a process of the user {} that we may not see, listening on {}\n{}",
            socket.port, printable(os::user_name(socket.owner)), socket.address,
            describe_end(stranger));
    }
    const auto& root = stranger.roots.front();
    auto text =
        fmt::format("port {} is held by {}, started {}{}", socket.port,
                    describe_process(root.id.pid), ago_text(root.id), starter_text(root.id.pid));
    const auto path = path_to_listener(stranger);
    if (path.size() > 1) {
        text += "\nthe one that listens is the last of: ";
        for (const auto* process : path) {
            text += (process == path.front() ? "" : " > ") + named(*process);
        }
    }
    return text + '\n' + describe_end(stranger);
}

std::string describe_end(const Stranger& stranger) {
    if (const auto guard = guard_of(stranger)) return advice(*guard, stranger);
    return fmt::format(
        "it was not started by once, so it is left alone; to end it: once stop --force {}, or "
        "kill {}",
        stranger.sockets.front().port, pids_text(stranger.members));
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

std::string describe_non_listeners(os::Port port) {
    const auto sockets = os::other_users(port);
    const auto worst = std::find_if(sockets.begin(), sockets.end(), [](const os::Socket& socket) {
        return socket.use != os::SocketUse::lingering;
    });
    if (sockets.empty()) {
        // inet_diag lists them since Linux 6.8.
        return fmt::format(
            "port {} cannot be bound, and the kernel does not say why: before Linux 6.8 it "
            "does not tell of a socket that is bound and does not listen",
            port);
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
