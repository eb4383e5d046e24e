#pragma once

#include <string>
#include <vector>

namespace once::os {

/// Where a command is, in PATH as execvp(3) goes through it; relative to `folder`, the one that it
/// will be launched in. Throws the Failure that launching it would end in (127 not found, 126 not
/// executable), as far as that can be told beforehand: nothing is replaced for a typing error.
std::string find_executable(const std::string& file, const std::string& folder);

/// Whether this file, an absolute path, can be executed.
bool is_executable(const std::string& path);

/// The Failure of an exec that answered with this errno.
[[noreturn]] void fail_to_run(const std::string& file, const std::string& folder, int error);

/// Becomes the command, as if `once` had never been there. Comes back only by a Failure.
[[noreturn]] void execute(const std::vector<std::string>& argv);

/// Our own environment, NAME=value.
std::vector<std::string> environment();

/// The value of a variable in it; nullptr if it is unset.
const char* variable(const char* name);

}  // namespace once::os
