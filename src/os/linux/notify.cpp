#include "os/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "os/linux/check.hpp"

namespace once::os {

void notify_ready() noexcept {
    const char* name = std::getenv("NOTIFY_SOCKET");
    const std::string_view path = name != nullptr ? name : "";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // `@` stands for the zero byte of an abstract name (unix(7)).
    if (path.size() < 2 || path.size() > sizeof address.sun_path) return;
    if (path.front() != '/' && path.front() != '@') return;
    std::copy(path.begin(), path.end(), std::begin(address.sun_path));
    if (path.front() == '@') address.sun_path[0] = '\0';
    const Handle socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return;
    constexpr std::string_view word = "READY=1";
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    (void)retry([&] {
        return ::sendto(descriptor(socket), word.data(), word.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                        reinterpret_cast<const sockaddr*>(&address), size);
    });
}

}  // namespace once::os
