#include "claim/starter.hpp"

#include "os/executable.hpp"
#include "os/machine.hpp"
#include "os/process.hpp"
#include "os/self.hpp"

namespace once::claim {

Starter own_starter() {
    Starter starter;
    starter.id.pid = os::parent_pid();
    if (const auto parent = os::read_process(starter.id.pid)) {
        starter.id = parent->id;
        starter.name = parent->name;
    }
    starter.systemd_unit = os::systemd_unit(os::own_pid());
    const char* name = os::variable("pm_id") != nullptr ? os::variable("name") : nullptr;
    if (name != nullptr) starter.pm2_name = name;
    return starter;
}

}  // namespace once::claim
