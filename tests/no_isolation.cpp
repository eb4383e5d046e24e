#include "isolation.hpp"

namespace once::test {

std::optional<int> enter_isolation(int, char**) { return std::nullopt; }

bool isolated() { return false; }

}  // namespace once::test
