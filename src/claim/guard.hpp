#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "claim/stranger.hpp"

namespace once::claim {

/// Why a stranger is never ended by `once`, whatever it is told.
struct Guard {
    enum class Kind {
        ancestor,  ///< we descend from it ourselves
        first,     ///< pid 1 has the socket
        foreign_user,
        unseen,       ///< nobody whom we may look into has the socket
        unit,         ///< a systemd service: it would come back
        socket_unit,  ///< systemd itself has the socket, and starts the service again
        pm2,
        container,
        container_proxy,  ///< docker-proxy and its like: publishes a container's port
        tunnel,           ///< ssh, kubectl port-forward, a remote editor's server
        supervisor  ///< supervisord, runsv, …: it would come back; nameless: it is one itself
    };
    Kind kind = Kind::unseen;
    std::string name;      ///< of the unit, the pm2 app, the container, the program
    bool of_user = false;  ///< units: of systemd --user
};

/// Nothing if the stranger may be ended with --force.
std::optional<Guard> guard_of(const Stranger& stranger);

/// In one word, for programs: `unit`, `pm2`, `container`, …
std::string_view name_of(Guard::Kind kind);

/// What it is, and what would end it properly: `it is the systemd unit app.service, …; to end it:
/// systemctl stop app.service`.
std::string advice(const Guard& guard, const Stranger& stranger);

/// The systemd unit in the text of /proc/PID/cgroup, or empty. A login session or a terminal's
/// scope is none.
std::string unit_in(const std::string& control_group);

/// A container's id in that text, or empty.
std::string container_in(const std::string& control_group);

}  // namespace once::claim
