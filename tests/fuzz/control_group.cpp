#include "claim/guard.hpp"
#include "targets.hpp"

namespace once::fuzz {

void control_group(std::string_view input) {
    const std::string text(input);
    const auto unit = claim::unit_in(text);
    demand(unit.empty() || unit.ends_with(".service"), "a unit is a service");
    demand(unit.find_first_of("/\n") == std::string::npos, "a unit is one part of a path");
    const auto container = claim::container_in(text);
    demand(container.find_first_not_of("0123456789abcdef") == std::string::npos,
           "a container is a number");
}

}  // namespace once::fuzz
