#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "os/sockets.hpp"

namespace once::os {

/// Asks the kernel for the TCP sockets of one family, sock_diag(7): those in one of these states (a
/// bit for each) and, if one is given, on this port. False where it cannot be asked.
bool dump_sockets(int family, unsigned states, std::optional<Port> port,
                  std::vector<Socket>& found);

/// Appends what one datagram of the kernel's answer holds. Returns 0 to read on, 1 when the list is
/// complete, and a negative errno.
int read_answer(std::string_view answer, std::vector<Socket>& found);

}  // namespace once::os
