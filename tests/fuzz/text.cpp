#include "base/text.hpp"

#include "targets.hpp"

namespace once::fuzz {

void text(std::string_view input) {
    const auto safe = printable(input);
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
    };
    demand(std::none_of(safe.begin(), safe.end(), is_control), "no control character is left");
    demand(safe.find("\xc2\x9b") == std::string::npos, "nor one of the upper ones");
    demand(printable(safe) == safe, "what is safe stays as it is");
    for (const std::size_t width : {1U, 2U, 20U, 80U}) {
        const auto cut = shortened(safe, width);
        const auto columns = std::count_if(cut.begin(), cut.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
        });
        demand(static_cast<std::size_t>(columns) <= width, "a text is cut to its width");
        demand(printable(cut) == cut, "and not in the middle of a character");
    }
}

}  // namespace once::fuzz
