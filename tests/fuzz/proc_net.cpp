#include "os/linux/proc_net.hpp"

#include "targets.hpp"

namespace once::fuzz {

void proc_net(std::string_view input) {
    const auto lines = static_cast<std::size_t>(std::count(input.begin(), input.end(), '\n')) + 1;
    for (const bool version6 : {false, true}) {
        const auto found = os::parse_proc_net(input, version6);
        demand(found.size() <= lines, "a line is one socket at most");
        for (const auto& socket : found) {
            const char dot = version6 ? ':' : '.';
            demand(socket.address.find(dot) != std::string::npos, "a socket has an address");
        }
    }
}

}  // namespace once::fuzz
