#pragma once
// What a Scenario needs of the world around it.

#include <filesystem>
#include <map>
#include <string>

namespace once::test {

/// Ours, without what `once` reads or gives and without what depends on who runs the tests.
std::map<std::string, std::string> inherited_environment();

/// Free on every IPv4 address; fails the test if there is none.
int free_port();

/// The path of a built program, or of another one that the variable names.
std::filesystem::path program(const char* override_by, const char* built);

/// What can be read of a file; empty if it is not there, or is no longer in mid-read, as the files
/// of a process are (a stream would throw then).
std::string whole_file(const std::filesystem::path& path);

/// With all that is in it, also where a test has taken our own permissions away.
void remove_whole(const std::filesystem::path& root);

}  // namespace once::test
