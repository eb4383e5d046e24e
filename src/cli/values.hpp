#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "os/sockets.hpp"

/// The values that options take. Each answers nothing for what it does not accept.
namespace once::cli {

/// A whole number without a sign, within the bounds.
std::optional<long> parse_number(std::string_view text, long least, long most);

/// `500ms`, `5s`, `2m`, `1h`; a bare number is seconds. Up to ten years.
std::optional<Duration> parse_duration(std::string_view text);

/// `64K`, `512M`, `1G` (or `512MB`), in powers of 1024; a bare number is bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

std::optional<os::Port> parse_port(std::string_view text);

/// `TERM`, `SIGTERM` or `15`: one that can end a process.
std::optional<int> parse_signal(std::string_view text);

}  // namespace once::cli
