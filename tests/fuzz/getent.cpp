#include "os/names.hpp"
#include "targets.hpp"

namespace once::fuzz {

void getent(std::string_view input) {
    for (const auto& address : os::addresses_in(input)) {
        demand(address.find_first_of(":.") != std::string::npos, "an address is a numeric one");
        demand(address.find_first_of(" \t\n") == std::string::npos, "an address is one word");
    }
}

}  // namespace once::fuzz
