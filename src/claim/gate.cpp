#include "claim/gate.hpp"

#include <algorithm>

namespace once::claim {

os::Lock take_gate(const os::StateFolder& folder, Waiting& waiting) {
    constexpr Duration longest_pause = std::chrono::milliseconds(64);
    Duration pause = std::chrono::milliseconds(1);
    while (true) {
        auto gate = folder.try_lock("admission");
        if (gate) return std::move(*gate);
        // A stopped process could hold it for long: then we wait as for everything else.
        const auto until = Clock::now() + pause;
        while (Clock::now() < until) (void)waiting.next(until);
        pause = std::min(2 * pause, longest_pause);
    }
}

}  // namespace once::claim
