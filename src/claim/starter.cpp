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

// A shell that was started for this launch only (`sh -c 'once …; :'`, a start script): within the
// last second, in the ticks of USER_HZ, which is 100 wherever we run.
bool is_fresh_shell(const os::ProcessFacts& process) {
    constexpr std::uint64_t second = 100;
    const auto arguments = os::arguments_of(process.id.pid);
    return is_shell(arguments) && role_of(arguments, process.name) == Role::wrapper &&
           os::own_id().started - process.id.started < second;
}

// Past them, and the shells that they put in between.
os::ProcessFacts behind_launchers(os::ProcessFacts process) {
    for (int steps = 0; steps < 100; ++steps) {
        const auto parent = os::read_process(process.parent);
        const bool is_between =
            parent && is_shell(os::arguments_of(process.id.pid)) && is_launcher(*parent);
        if (!parent || !(is_between || is_launcher(process) || is_fresh_shell(process))) break;
        process = *parent;
    }
    return process;
}

}  // namespace

Starter own_starter() {
    Starter starter;
    starter.id.pid = os::parent_pid();
    auto parent = os::read_process(starter.id.pid);
    // Within a job: its once is whom people know.
    if (parent && parent->name == "job-keeper") parent = os::read_process(parent->parent);
    if (parent) {
        const auto process = behind_launchers(*parent);
        starter.id = process.id;
        starter.name = process.name;
    }
    starter.systemd_unit = unit_in(os::control_group_of(os::own_pid()));
    const char* name = os::variable("pm_id") != nullptr ? os::variable("name") : nullptr;
    // A record is a small file, whatever stands in the environment.
    if (name != nullptr) starter.pm2_name = std::string_view(name).substr(0, 256);
    return starter;
}

}  // namespace once::claim
