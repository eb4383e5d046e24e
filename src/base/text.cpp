#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace once {
namespace {

// How many bytes the first character of a UTF-8 text has; 0 if it does not begin with one.
std::size_t character_length(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xc2 && first < 0xe0 ? 2
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xf0 && first < 0xf5 ? 4
                                                               : 0;
    if (length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80) return 0;
    }
    return length;
}

// U+2028 and U+2029 end a line; U+202A to U+202E and U+2066 to U+2069 turn its direction around.
bool turns_lines(std::string_view text, std::size_t length) {
    if (length != 3 || static_cast<unsigned char>(text[0]) != 0xe2) return false;
    const auto second = static_cast<unsigned char>(text[1]);
    const auto third = static_cast<unsigned char>(text[2]);
    return (second == 0x80 && third >= 0xa8 && third <= 0xae) ||
           (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

}  // namespace

std::string printable(std::string_view text) {
    std::string safe;
    while (!text.empty()) {
        const auto length = character_length(text);
        const auto first = static_cast<unsigned char>(text.front());
        // U+0080 to U+009F are control characters as well, and some terminals obey them, even as
        // the bare bytes 80 to 9F.
        const bool is_c1 =
            length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
        const bool is_shown =
            length > 0 && first >= 0x20 && first != 0x7f && !is_c1 && !turns_lines(text, length);
        safe += is_shown ? text.substr(0, length) : "?";
        text.remove_prefix(std::max<std::size_t>(length, 1));
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

std::string duration_text(std::chrono::milliseconds span) {
    const auto milliseconds = span.count();
    if (milliseconds < 1000) return fmt::format("{} ms", milliseconds);
    const bool is_short = milliseconds < 10'000 && milliseconds % 1000 >= 100;
    if (is_short) return fmt::format("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100);
    const auto seconds = milliseconds / 1000;
    const bool is_between = seconds > 60 && seconds < 3600 && seconds % 60 != 0;
    if (is_between) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    return span_text(std::chrono::seconds(seconds));
}

std::size_t distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 0; j < to.size(); ++j) {
            const auto changed = diagonal + (from[i] == to[j] ? 0U : 1U);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

}  // namespace once
