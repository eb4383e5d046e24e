#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/handle.hpp"

namespace once::os {

/// A TCP port, 1 to 65535.
using Port = std::uint16_t;

/// What a socket does with its local port.
enum class SocketUse {
    listening,  ///< waits for connections: the one kind that holds a port
    bound,      ///< has the port, but does not listen (yet)
    connected,  ///< a connection, outgoing or accepted
    lingering   ///< TIME_WAIT: a closed connection that the kernel remembers for a minute
};

/// One TCP socket as the kernel shows it, of any user and any address family.
struct Socket {
    SocketUse use = SocketUse::listening;
    Port port = 0;
    std::string address;  ///< local, as people write it: 127.0.0.1, 0.0.0.0, ::1
    Port peer_port = 0;
    std::string peer_address;
    std::uint32_t owner = 0;  ///< user id
    std::uint64_t inode = 0;  ///< 0: no process has it open any more
};

/// Every listener on a port, on IPv4 and IPv6; on any port if `port` is empty.
std::vector<Socket> listeners(std::optional<Port> port);

/// Everything else that has this local port. Slower: the kernel looks through all connections.
std::vector<Socket> other_users(Port port);

/// Their inodes, in the same order.
std::vector<std::uint64_t> inodes_of(const std::vector<Socket>& sockets);

/// Who has a socket open: a pid for each process that we may look into.
struct SocketOwner {
    int pid = 0;
    std::uint64_t inode = 0;
};

/// The owners of these sockets among the processes in `among`, or among all visible ones.
struct Owners {
    std::vector<SocketOwner> found;
    std::vector<int> unreadable;  ///< processes whose open files we may not see
};
Owners find_owners(const std::vector<std::uint64_t>& inodes,
                   const std::optional<std::vector<int>>& among = std::nullopt);

/// The inodes of the sockets that a process has open; nothing if we may not look.
std::optional<std::vector<std::uint64_t>> sockets_of(int pid);

/// Could a server listen on this port now, on any address of either family? A bind test that is
/// undone at once. `denied`: we are not allowed to try (a port below 1024).
enum class PortState { free, busy, denied };
PortState probe(Port port);

/// Readable whenever some TCP socket of our network namespace is destroyed: a hint to look again
/// (the kernel's socket-destroy multicast, sock_diag(7); no privilege needed). Empty where the
/// kernel does not have it.
class SocketFuneral {
public:
    static std::optional<SocketFuneral> attend();
    [[nodiscard]] const Handle& handle() const { return handle_; }

    /// Takes all waiting notices away.
    void drain() const noexcept;

private:
    explicit SocketFuneral(Handle handle) : handle_(std::move(handle)) {}
    Handle handle_;
};

}  // namespace once::os
