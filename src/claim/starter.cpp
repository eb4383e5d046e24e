#include "claim/starter.hpp"

#include "claim/commands.hpp"
#include "claim/guard.hpp"
#include "os/executable.hpp"
#include "os/process.hpp"

namespace once::claim {
namespace {

// npm, make and their like.
bool is_launcher(const os::ProcessFacts& process) {
    const auto arguments = os::arguments_of(process.id.pid);
    const auto role = role_of(arguments, process.name);
    return role == Role::manager || (role == Role::wrapper && !is_shell(arguments));
}

// Past them, and the shells that they put in between.
os::ProcessFacts behind_launchers(os::ProcessFacts process) {
    for (int steps = 0; steps < 100; ++steps) {
        const auto parent = os::read_process(process.parent);
        const bool is_between =
            parent && is_shell(os::arguments_of(process.id.pid)) && is_launcher(*parent);
        if (!parent || !(is_between || is_launcher(process))) break;
        process = *parent;
    }
    return process;
}

}  // namespace

Starter own_starter() {
    Starter starter;
    starter.id.pid = os::parent_pid();
    if (const auto parent = os::read_process(starter.id.pid)) {
        const auto process = behind_launchers(*parent);
        starter.id = process.id;
        starter.name = process.name;
    }
    starter.systemd_unit = unit_in(os::control_group_of(os::own_pid()));
    const char* name = os::variable("pm_id") != nullptr ? os::variable("name") : nullptr;
    if (name != nullptr) starter.pm2_name = name;
    return starter;
}

}  // namespace once::claim
