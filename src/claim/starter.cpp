#include "claim/starter.hpp"

#include "claim/commands.hpp"
#include "claim/guard.hpp"
#include "os/executable.hpp"
#include "os/process.hpp"

namespace once::claim {
namespace {

// npm, pnpm and their like, and the shells that they put in between.
os::ProcessFacts behind_managers(os::ProcessFacts process) {
    for (int steps = 0; steps < 100; ++steps) {
        const auto parent = os::read_process(process.parent);
        if (!parent) break;
        const auto role = role_of(os::arguments_of(process.id.pid), process.name);
        const auto above = role_of(os::arguments_of(parent->id.pid), parent->name);
        const bool is_between = role == Role::wrapper && above == Role::manager;
        if (role != Role::manager && !is_between) break;
        process = *parent;
    }
    return process;
}

}  // namespace

Starter own_starter() {
    Starter starter;
    starter.id.pid = os::parent_pid();
    if (const auto parent = os::read_process(starter.id.pid)) {
        const auto process = behind_managers(*parent);
        starter.id = process.id;
        starter.name = process.name;
    }
    starter.systemd_unit = unit_in(os::control_group_of(os::own_pid()));
    const char* name = os::variable("pm_id") != nullptr ? os::variable("name") : nullptr;
    if (name != nullptr) starter.pm2_name = name;
    return starter;
}

}  // namespace once::claim
