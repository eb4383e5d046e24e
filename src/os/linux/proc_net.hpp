#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "os/sockets.hpp"

namespace once::os {

/// The TCP sockets in /proc/net/tcp and tcp6: the way to see them where sock_diag is missing.
/// Sockets that are bound and do not listen are not in there.
std::vector<Socket> read_proc_net(std::optional<Port> port);

/// The text of one such file; lines that make no sense are passed over.
std::vector<Socket> parse_proc_net(std::string_view text, bool version6);

}  // namespace once::os
