#include "verbs/missing.hpp"

#include <fmt/format.h>

#include "claim/slot.hpp"
#include "claim/traces.hpp"
#include "os/machine.hpp"
#include "os/sockets.hpp"
#include "os/state_folder.hpp"

namespace once::verbs {

std::optional<std::string> log_left_by(const std::string& target) {
    const auto folder = os::StateFolder::open(os::state_path(), os::boot_id());
    if (!folder) return std::nullopt;
    claim::Record self;
    self.network_namespace = os::network_namespace();
    const auto port = claim::port_in(target);
    const auto slot = port ? claim::Slot::port(*port) : claim::Slot::name(target);
    return folder->read(claim::log_place_file(slot, self));
}

std::string missing_text(const std::string& target) {
    auto text = fmt::format("nobody started by once holds '{}'", target);
    if (!log_left_by(target)) return text;
    return text + fmt::format("; what the last one there wrote: once logs {}", target);
}

std::string who_hint(const std::string& target) {
    const auto port = claim::port_in(target);
    if (!port || os::listeners(*port).empty()) return {};
    return fmt::format("; who has the port: once who {}", *port);
}

}  // namespace once::verbs
