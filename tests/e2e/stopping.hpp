#pragma once
// What the tests of once stop share.

#include "holding.hpp"

namespace once::test {

/// `once stop WORDS`.
Command stop_command(const Command& words);
Finished stop(Scenario& scene, const Command& words, const Launch& how = {});

}  // namespace once::test
