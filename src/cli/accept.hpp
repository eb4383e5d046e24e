#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "cli/options.hpp"
#include "verbs/voice.hpp"

/// The values of options, or a Failure that names the option, its value, and what is accepted.
namespace once::cli {

[[noreturn]] void refuse_value(std::string_view option, std::string_view value,
                               std::string_view accepted);

Duration duration_or_refuse(std::string_view option, std::string_view value);

/// The same for what a command is given to live, which is more than nothing.
Duration lifetime_or_refuse(std::string_view option, std::string_view value);

/// Bytes, at least one.
std::uint64_t size_or_refuse(std::string_view option, std::string_view value);

/// 0 to `most`.
int number_or_refuse(std::string_view option, std::string_view value, int most);

/// An option whose value may be left out has it in the same word: refuses a `5s` after it that was
/// meant for it, and tells what it is taken as.
void refuse_parted(const Option& option, std::string_view word, std::string_view taken_as);

/// Of --conflict-exit-code.
int status_or_refuse(std::string_view value);

/// If it is one of those that say how `once` speaks, puts it into `voice`.
void apply(const Option& option, std::string_view value, verbs::VoiceSettings& voice);

void refuse_both(const verbs::VoiceSettings& voice);

}  // namespace once::cli
