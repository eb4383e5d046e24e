#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace once {

/// Text that a stranger chose, safe for a terminal: control characters become `?`.
std::string printable(std::string_view text);

/// Cut to `width` columns (a byte of UTF-8 counts when it begins a character), with `…` at the end.
std::string shortened(std::string_view text, std::size_t width);

/// A span as people say it: `12 s`, `5 min`, `3 h 20 min`, `1 day 22 h`, `40 days`.
std::string span_text(std::chrono::seconds span);

/// The same where less than a second matters: `300 ms`, `1.5 s`, `12 s`, `1 min 30 s`.
std::string duration_text(std::chrono::milliseconds span);

/// How many letters have to be changed, put in or left out to get from one word to the other.
std::size_t distance(std::string_view from, std::string_view to);

}  // namespace once
