#pragma once

#include "cli/parse.hpp"

namespace once::cli {

/// The command line of a launch, which has no verb; see `parse`.
Request parse_launch(int argc, char** argv);

}  // namespace once::cli
