#pragma once

#include <optional>
#include <string>

namespace once::os {

/// The whole of a small file, most of all of one below /proc. `limit` bounds what is read. Nothing
/// if it cannot be opened or read.
std::optional<std::string> read_file(const char* path, std::size_t limit = 1U << 20U);

/// The same of one without which nothing goes: throws a Failure that says why it cannot be opened.
std::string need_file(const char* path);

}  // namespace once::os
