#include "claim/guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "claim/commands.hpp"
#include "claim/description.hpp"
#include "os/machine.hpp"

namespace once::claim {
namespace {

using Kind = Guard::Kind;

constexpr std::array<std::string_view, 6> container_proxies{
    "docker-proxy", "rootlesskit", "slirp4netns", "pasta", "gvproxy", "rootlessport"};
constexpr std::array<std::string_view, 6> tunnels{"ssh",     "sshd",        "sshd-session",
                                                  "autossh", "cloudflared", "ngrok"};

template <std::size_t size>
bool holds(const std::array<std::string_view, size>& known, std::string_view name) {
    return std::find(known.begin(), known.end(), name) != known.end();
}

bool is_hex(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The parts of a control group's paths, of which version 1 has one for each hierarchy.
std::vector<std::string_view> parts_of(std::string_view control_group) {
    std::vector<std::string_view> parts;
    while (!control_group.empty()) {
        const auto end = std::min(control_group.find_first_of("/\n"), control_group.size());
        if (end > 0) parts.push_back(control_group.substr(0, end));
        control_group.remove_prefix(std::min(end + 1, control_group.size()));
    }
    return parts;
}

std::optional<Guard> tunnel_guard(const os::ProcessFacts& process) {
    const auto& name = process.name;
    if (holds(container_proxies, name)) return Guard{Kind::container_proxy, name, false};
    if (holds(tunnels, name)) return Guard{Kind::tunnel, name, false};
    const auto words = os::arguments_of(process.id.pid);
    const auto has = [&](std::string_view wanted) {
        return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
            return word.find(wanted) != std::string::npos;
        });
    };
    if (name == "kubectl" && has("port-forward")) return Guard{Kind::tunnel, "kubectl", false};
    if (!words.empty() && words.front().find("/.vscode-server/") != std::string::npos) {
        return Guard{Kind::tunnel, "VS Code's remote server", false};
    }
    return std::nullopt;
}

bool is_in_user_manager(const std::string& control_group) {
    return control_group.find("/user@") != std::string::npos;
}

// systemd, or `systemd --user`, has the socket itself, or has handed it over.
std::optional<Guard> socket_unit_guard(const Stranger& stranger) {
    for (const int pid : stranger.sharers) {
        const auto process = os::read_process(pid);
        const bool is_systemd = process && process->name == "systemd";
        if (is_systemd) return Guard{Kind::socket_unit, {}, pid != 1};
        if (pid == 1) return Guard{Kind::first, process ? process->name : "?", false};
        const auto receiver = os::environment_of(pid, "LISTEN_PID");
        if (receiver == std::to_string(pid)) {
            return Guard{Kind::socket_unit, unit_in(os::control_group_of(pid)),
                         is_in_user_manager(os::control_group_of(pid))};
        }
    }
    return std::nullopt;
}

std::optional<Guard> user_guard(const Stranger& stranger) {
    for (const auto& member : stranger.members) {
        const auto owner = os::owner_of(member.id.pid);
        if (owner && *owner != os::user_id()) {
            return Guard{Kind::foreign_user, os::user_name(*owner), false};
        }
    }
    for (const auto& socket : stranger.sockets) {
        if (socket.owner != os::user_id()) {
            return Guard{Kind::foreign_user, os::user_name(socket.owner), false};
        }
    }
    return std::nullopt;
}

std::optional<Guard> container_guard(const Stranger& stranger) {
    for (const int pid : stranger.sharers) {
        const auto control_group = os::control_group_of(pid);
        if (control_group == os::control_group_of(os::own_pid())) continue;
        const auto id = container_in(control_group);
        if (!id.empty()) return Guard{Kind::container, id, false};
    }
    for (const int pid : stranger.sharers) {
        const auto pids = os::pid_namespace_of(pid);
        if (pids != 0 && pids != os::pid_namespace()) return Guard{Kind::container, {}, false};
    }
    return std::nullopt;
}

std::optional<Guard> unit_guard(const Stranger& stranger) {
    const auto ours = os::control_group_of(os::own_pid());
    for (const auto& member : stranger.members) {
        const auto control_group = os::control_group_of(member.id.pid);
        // What we are in ourselves (a CI runner, a terminal) is no service that would bring it
        // back.
        if (control_group == ours) continue;
        auto unit = unit_in(control_group);
        if (!unit.empty()) {
            return Guard{Kind::unit, std::move(unit), is_in_user_manager(control_group)};
        }
    }
    return std::nullopt;
}

bool is_pm2(const os::ProcessFacts& process) {
    return claim::is_pm2(os::arguments_of(process.id.pid), process.name);
}

// What a pm2 that was killed has left behind keeps its environment, but nobody starts it again.
bool is_below_pm2(const os::ProcessFacts& process) {
    auto parent = os::read_process(process.parent);
    for (int steps = 0; parent && parent->id.pid > 1 && steps < 1000; ++steps) {
        if (is_pm2(*parent)) return true;
        parent = os::read_process(parent->parent);
    }
    return false;
}

std::optional<Guard> pm2_guard(const Stranger& stranger) {
    for (const auto& root : stranger.roots) {
        // It has the sockets of all its apps in cluster mode itself.
        if (is_pm2(root)) return Guard{Kind::pm2, {}, false};
    }
    for (const auto& member : stranger.members) {
        if (os::environment_of(member.id.pid, "pm_id") && is_below_pm2(member)) {
            const auto app = os::environment_of(member.id.pid, "name");
            return Guard{Kind::pm2, app.value_or(""), false};
        }
    }
    return std::nullopt;
}

std::optional<Guard> supervisor_guard(const Stranger& stranger) {
    for (const auto& root : stranger.roots) {
        if (role_of(os::arguments_of(root.id.pid), root.name) == Role::supervisor) {
            return Guard{Kind::supervisor, {}, false};
        }
        const auto parent = os::read_process(root.parent);
        if (!parent || parent->id.pid <= 1) continue;
        const auto words = os::arguments_of(parent->id.pid);
        if (parent->name != "systemd" && role_of(words, parent->name) == Role::supervisor) {
            return Guard{Kind::supervisor, parent->name, false};
        }
    }
    return std::nullopt;
}

std::optional<Guard> ancestor_guard(const Stranger& stranger) {
    const auto ours = own_ancestors();
    for (const auto& member : stranger.members) {
        if (std::find(ours.begin(), ours.end(), member.id.pid) != ours.end()) {
            return Guard{Kind::ancestor, member.name, false};
        }
    }
    return std::nullopt;
}

std::optional<Guard> program_guard(const Stranger& stranger) {
    for (const auto& member : stranger.members) {
        if (auto guard = tunnel_guard(member)) return guard;
    }
    return std::nullopt;
}

// A name that a stranger chose, as a word of a shell: what it has in it, quotes above all, must not
// become a command when the line is copied.
std::string word(const std::string& name) {
    const auto safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@:-";
    const bool is_plain = !name.empty() && name.find_first_not_of(safe) == std::string::npos;
    if (is_plain) return name;
    std::string quoted;
    for (const char letter : printable(name)) {
        if (letter == '\'') quoted += R"('\')";
        quoted += letter;
    }
    return fmt::format("'{}'", quoted);
}

}  // namespace

std::optional<Guard> guard_of(const Stranger& stranger) {
    if (!stranger.is_visible()) return Guard{};
    // Everybody descends from pid 1, which is more to be said of it than that.
    for (const auto look : {socket_unit_guard, ancestor_guard, container_guard, program_guard,
                            unit_guard, user_guard, pm2_guard, supervisor_guard}) {
        if (auto guard = look(stranger)) return guard;
    }
    return std::nullopt;
}

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::ancestor:
            return "ancestor";
        case Kind::first:
            return "pid_1";
        case Kind::foreign_user:
            return "other_user";
        case Kind::unseen:
            return "unseen";
        case Kind::unit:
            return "systemd_unit";
        case Kind::socket_unit:
            return "socket_unit";
        case Kind::pm2:
            return "pm2";
        case Kind::container:
            return "container";
        case Kind::container_proxy:
            return "container_proxy";
        case Kind::tunnel:
            return "tunnel";
        case Kind::supervisor:
            return "supervisor";
    }
    return "?";
}

std::string advice(const Guard& guard, const Stranger& stranger) {
    const auto port = stranger.sockets.front().port;
    const auto manager = guard.of_user ? "systemctl --user" : "systemctl";
    const auto pids = pids_text(stranger.members);
    switch (guard.kind) {
        case Kind::ancestor:
            return "this command descends from it, so it is left alone";
        case Kind::first:
            return fmt::format("pid 1 ('{}') has it open, so it is left alone",
                               printable(guard.name));
        case Kind::foreign_user:
            return fmt::format(
                "it belongs to the user {}, so it is left alone; to end it: sudo kill {}",
                printable(guard.name), pids);
        case Kind::unseen:
            return fmt::format("to see it: sudo ss -ltnp 'sport = :{}'", port);
        case Kind::unit:
            return fmt::format(
                "it is the systemd {} {}, which may start it again, so it is left alone; to end "
                "it: {} stop {}",
                guard.of_user ? "user unit" : "unit", printable(guard.name), manager,
                word(guard.name));
        case Kind::socket_unit:
            return fmt::format(
                "systemd listens there itself, for a socket unit, and would start it again; to end "
                "it: {0} list-sockets, then {0} stop what has port {1}",
                manager, port);
        case Kind::pm2:
            return fmt::format(
                "pm2 keeps it running, and would start it again; to end it: pm2 stop {}",
                guard.name.empty() ? "NAME (pm2 list has it)" : word(guard.name));
        case Kind::container:
            return guard.name.empty()
                       ? "it runs in a container, so it is left alone; end it in there"
                       : fmt::format(
                             "it runs in the container {0}, so it is left alone; to end it: docker "
                             "stop {0} (or podman)",
                             guard.name.substr(0, 12));
        case Kind::container_proxy:
            return fmt::format(
                "it publishes a container's port, so it is left alone; to see whose: docker ps "
                "--filter publish={}",
                port);
        case Kind::tunnel:
            return fmt::format(
                "it forwards the port elsewhere ({}), so it is left alone; to end "
                "it: kill {}",
                printable(guard.name), pids);
        case Kind::supervisor:
            if (guard.name.empty()) {
                return fmt::format(
                    "it keeps other programs running, so it is left alone; to end it: kill {}",
                    pids);
            }
            return fmt::format("{} keeps it running, and would start it again; stop it there",
                               printable(guard.name));
    }
    return {};
}

std::string unit_in(const std::string& control_group) {
    // Version 2 has the one line `0::/system.slice/app.service`; version 1 one for each hierarchy,
    // of which systemd's own is named.
    for (std::string_view rest = control_group; !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto parts = parts_of(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        // A service may have control groups of its own below it; a scope stands for itself.
        const auto unit = std::find_if(parts.rbegin(), parts.rend(), [](std::string_view part) {
            return part.ends_with(".service") || part.ends_with(".scope") ||
                   part.ends_with(".slice");
        });
        const bool is_service =
            unit != parts.rend() && unit->ends_with(".service") && !unit->starts_with("user@");
        if (is_service) return std::string(*unit);
    }
    return {};
}

std::string container_in(const std::string& control_group) {
    // docker-<id>.scope, libpod-<id>.scope, cri-containerd-<id>.scope; /docker/<id>;
    // /kubepods/…/<id>
    bool is_below_engine = false;
    for (auto part : parts_of(control_group)) {
        if (part == "docker" || part.starts_with("kubepods") || part == "libpod_parent" ||
            part == "lxc") {
            is_below_engine = true;
        }
        const bool has_prefix = part.starts_with("docker-") || part.starts_with("libpod-") ||
                                part.starts_with("cri-containerd-") || part.starts_with("crio-");
        if (part.ends_with(".scope")) part.remove_suffix(6);
        if (has_prefix) part.remove_prefix(part.rfind('-') + 1);
        if ((has_prefix || is_below_engine) && part.size() >= 12 && is_hex(part)) {
            return std::string(part);
        }
    }
    return {};
}

}  // namespace once::claim
