#include "cli/values.hpp"

#include "targets.hpp"

namespace once::fuzz {

void values(std::string_view input) {
    constexpr auto ten_years = std::chrono::hours(10 * 366 * 24);
    if (const auto duration = cli::parse_duration(input)) {
        demand(*duration >= Duration(0) && *duration <= ten_years, "a duration is in its bounds");
    }
    if (const auto size = cli::parse_size(input)) {
        demand(*size <= 1ULL << 50U, "a size is in its bounds");
    }
    if (const auto port = cli::parse_port(input)) {
        demand(*port != 0 && std::stoul(std::string(input)) == *port, "a port is its number");
    }
    if (const auto signal = cli::parse_signal(input)) {
        demand(*signal > 0 && *signal < 16, "a signal is one that ends a process");
    }
    if (const auto number = cli::parse_number(input, 5, 500)) {
        demand(*number >= 5 && *number <= 500, "a number is in its bounds");
    }
}

}  // namespace once::fuzz
