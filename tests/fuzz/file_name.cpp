#include "claim/slot.hpp"
#include "targets.hpp"

namespace once::fuzz {

void file_name(std::string_view input) {
    const auto slot = claim::Slot::parse_file_name(input);
    if (!slot) return;
    demand(input.find('/') == std::string_view::npos, "no slot leads out of its folder");
    if (slot->number() == 0)
        demand(slot->file_name(0) == input, "a name makes the same file again");
    (void)slot->text();
}

}  // namespace once::fuzz
