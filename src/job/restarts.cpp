#include "job/restarts.hpp"

#include <algorithm>

namespace once::job {
namespace {

constexpr Duration first_pause = std::chrono::milliseconds(100);
constexpr Duration longest_pause = std::chrono::seconds(15);

}  // namespace

std::optional<Duration> Restarts::after(bool has_failed, Duration uptime) {
    const bool is_wanted = plan_.when == RestartPlan::When::always ||
                           (plan_.when == RestartPlan::When::on_failure && has_failed);
    if (!is_wanted) return std::nullopt;
    if (uptime >= plan_.min_uptime) in_a_row_ = 0;
    if (in_a_row_ >= plan_.most) {
        has_given_up_ = true;
        return std::nullopt;
    }
    pause_ = in_a_row_ == 0 ? first_pause : std::min(2 * pause_, longest_pause);
    ++in_a_row_;
    return pause_;
}

}  // namespace once::job
