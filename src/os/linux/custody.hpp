#pragma once

#include <csignal>

#include "base/ending.hpp"

namespace once::os {

/// What waitid(2) tells of a child that has ended.
inline Ending to_ending(const siginfo_t& info) noexcept {
    return info.si_code == CLD_EXITED ? Ending::exited(info.si_status)
                                      : Ending::killed(info.si_status);
}

}  // namespace once::os
