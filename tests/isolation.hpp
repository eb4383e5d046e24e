#pragma once
// A test program may run in a small world of its own: a pid namespace in which it can hurt nobody,
// with a /proc that shows only what the tests started, and a network with nothing but loopback.
// e2e/isolation.cpp makes that world; no_isolation.cpp is for programs that need none.

#include <optional>

namespace once::test {

/// Called first by main(). Nothing: the caller shall run the tests. A number: another process has
/// run them, and this was its exit status.
std::optional<int> enter_isolation(int argc, char** argv);

/// Whether this process sees only its own world.
bool isolated();

}  // namespace once::test
