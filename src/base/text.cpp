#include "base/text.hpp"

#include <fmt/format.h>

namespace once {

std::string printable(std::string_view text) {
    std::string safe;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // U+0080 to U+009F are control characters as well, and some terminals obey them.
        const bool is_c1 =
            byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
        if (is_c1) ++i;
        safe += byte < 0x20 || byte == 0x7f || is_c1 ? '?' : text[i];
    }
    return safe;
}

std::string shortened(std::string_view text, std::size_t width) {
    const auto begins = [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80;
    };
    std::size_t columns = 0;
    std::size_t cut = 0;  // where the last column that leaves room for `…` ends
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!begins(text[i])) continue;
        if (columns + 1 == width) cut = i;
        if (++columns > width) return std::string(text.substr(0, cut)) + "…";
    }
    return std::string(text);
}

std::string span_text(std::chrono::seconds span) {
    const auto seconds = span.count();
    const auto minutes = seconds / 60;
    const auto hours = minutes / 60;
    const auto days = hours / 24;
    const auto two = [](long first, const char* unit, long second, const char* part) {
        return second == 0 ? fmt::format("{} {}", first, unit)
                           : fmt::format("{} {} {} {}", first, unit, second, part);
    };
    if (seconds < 60) return fmt::format("{} s", seconds);
    if (minutes < 60) return fmt::format("{} min", minutes);
    if (hours < 24) return two(hours, "h", minutes % 60, "min");
    if (days == 1) return two(1, "day", hours % 24, "h");
    return fmt::format("{} days", days);
}

}  // namespace once
