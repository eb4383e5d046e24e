#pragma once
// Real sockets that tests put in the way.

#include "os/handle.hpp"
#include "os/sockets.hpp"

namespace once::test {

/// A TCP socket on this address; on a port that the kernel chooses if `port` is 0.
os::Handle bound_socket(const char* address, os::Port port = 0, bool only_v6 = true);
os::Handle listener(const char* address, os::Port port = 0, bool only_v6 = true);
/// A connection to a listener on 127.0.0.1.
os::Handle connection(os::Port to);
os::Handle accepted(const os::Handle& listener);

os::Port port_of(const os::Handle& socket);
std::uint64_t inode_of(const os::Handle& socket);

/// Whether this machine has IPv6 at all.
bool has_v6();

}  // namespace once::test
