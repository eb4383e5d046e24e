#pragma once

#include <string>
#include <vector>

namespace once::os {

/// Throws the Failure that launching this command would end in (127 not found, 126 not executable),
/// as far as it can be told beforehand: so that nothing is replaced for a typing error. `folder` is
/// the one that the command will be launched in.
void check_executable(const std::string& file, const std::string& folder);

/// The Failure of an exec that answered with this errno.
[[noreturn]] void fail_to_run(const std::string& file, const std::string& folder, int error);

/// Becomes the command, as if `once` had never been there. Comes back only by a Failure.
[[noreturn]] void execute(const std::vector<std::string>& argv);

/// Our own environment, NAME=value.
std::vector<std::string> environment();

/// The value of a variable in it; nullptr if it is unset.
const char* variable(const char* name);

}  // namespace once::os
