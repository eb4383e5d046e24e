#include "os/linux/sock_diag.hpp"
#include "targets.hpp"

namespace once::fuzz {

void netlink(std::string_view input) {
    std::vector<os::Socket> found;
    (void)os::read_answer(input, found);
    constexpr std::size_t least_message = 16;
    demand(found.size() <= input.size() / least_message, "no socket comes from nowhere");
    for (const auto& socket : found) demand(!socket.address.empty(), "a socket has an address");
}

}  // namespace once::fuzz
