#include "verbs/introduce.hpp"

#include "base/clock.hpp"
#include "os/executable.hpp"
#include "os/machine.hpp"
#include "os/process.hpp"
#include "os/self.hpp"
#include "os/state_folder.hpp"

namespace once::verbs {

claim::Record introduce(const std::vector<std::string>& command, const std::string& folder,
                        std::uint64_t begun) {
    const auto self = os::own_facts();
    claim::Record record;
    record.job = os::random_id();
    record.boot = os::boot_id();
    record.network_namespace = os::network_namespace();
    record.pid_namespace = os::pid_namespace();
    record.begun = begun;
    record.once = self.id;
    record.session = self.session;
    record.stdio = os::stdio_files();
    record.folder = os::canonical_folder(folder.empty() ? "." : folder);
    record.command = command;
    record.started = seconds_since_1970();
    record.starter.id.pid = self.parent;
    return record;
}

}  // namespace once::verbs
