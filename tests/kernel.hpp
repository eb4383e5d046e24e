#pragma once

#include <sys/utsname.h>

#include <cstdio>

namespace once::test {

/// Does a kernel of this version, or a later one, run here?
inline bool kernel_is(int major, int minor) {
    utsname name{};
    int one = 0;
    int two = 0;
    if (uname(&name) != 0 || std::sscanf(name.release, "%d.%d", &one, &two) != 2) return false;
    return one > major || (one == major && two >= minor);
}

/// Sockets that are bound without listening are told of by sock_diag(7) since Linux 6.8.
inline bool tells_of_bound_sockets() { return kernel_is(6, 8); }

}  // namespace once::test
