#include "cli/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>

namespace once::cli {
namespace {

struct Named {
    std::string_view name;
    int number;
};

constexpr std::array<Named, 9> signals{{{"HUP", SIGHUP},
                                        {"INT", SIGINT},
                                        {"QUIT", SIGQUIT},
                                        {"ABRT", SIGABRT},
                                        {"KILL", SIGKILL},
                                        {"USR1", SIGUSR1},
                                        {"USR2", SIGUSR2},
                                        {"ALRM", SIGALRM},
                                        {"TERM", SIGTERM}}};

}  // namespace

std::optional<long> parse_number(std::string_view text, long least, long most) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_whole = !text.empty() && text.front() != '-' && error == std::errc() &&
                          end == text.data() + text.size();
    if (!is_whole || value < least || value > most) return std::nullopt;
    return value;
}

std::optional<Duration> parse_duration(std::string_view text) {
    constexpr long ten_years = 10L * 366 * 24 * 3600 * 1000;
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto unit = text.substr(digits);
    long factor = 0;
    if (unit == "ms") factor = 1;
    if (unit == "s" || unit.empty()) factor = 1000;
    if (unit == "m") factor = 60L * 1000;
    if (unit == "h") factor = 3600L * 1000;
    if (factor == 0) return std::nullopt;
    const auto number = parse_number(text.substr(0, digits), 0, ten_years / factor);
    if (!number) return std::nullopt;
    return Duration(*number * factor);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    auto unit = text.substr(digits);
    if (unit.size() == 2 && unit.back() == 'B') unit.remove_suffix(1);  // 512MB
    long factor = 0;
    if (unit.empty()) factor = 1;
    if (unit == "K") factor = 1L << 10U;
    if (unit == "M") factor = 1L << 20U;
    if (unit == "G") factor = 1L << 30U;
    if (factor == 0) return std::nullopt;
    constexpr long most = 1L << 50U;  // more than any machine has, and no sum with it overflows
    const auto number = parse_number(text.substr(0, digits), 0, most / factor);
    if (!number) return std::nullopt;
    return static_cast<std::uint64_t>(*number * factor);
}

std::optional<os::Port> parse_port(std::string_view text) {
    const auto number = parse_number(text, 1, 65535);
    if (!number) return std::nullopt;
    return static_cast<os::Port>(*number);
}

std::optional<int> parse_signal(std::string_view text) {
    if (text.starts_with("SIG")) text.remove_prefix(3);
    const auto number = parse_number(text, 1, 64);
    const auto known = std::find_if(signals.begin(), signals.end(), [&](const Named& signal) {
        return signal.name == text || (number && signal.number == *number);
    });
    if (known == signals.end()) return std::nullopt;
    return known->number;
}

}  // namespace once::cli
