#include "os/handle.hpp"

#include <unistd.h>

namespace once::os {

void Handle::close() noexcept {
    // The result is ignored on purpose: close(2) frees the descriptor in any case on Linux, and
    // nothing that we write goes through a buffer that could fail here.
    if (raw_ != none) (void)::close(static_cast<int>(std::exchange(raw_, none)));
}

}  // namespace once::os
