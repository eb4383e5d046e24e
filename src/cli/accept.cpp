#include "cli/accept.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"
#include "cli/values.hpp"

namespace once::cli {
namespace {

verbs::Color parse_color(std::string_view value) {
    if (value == "auto") return verbs::Color::automatic;
    if (value == "always") return verbs::Color::always;
    if (value == "never") return verbs::Color::never;
    refuse_value("color", value, "it can be auto, always or never");
}

}  // namespace

void refuse_value(std::string_view option, std::string_view value, std::string_view accepted) {
    fail("--{}: '{}' is not accepted; {}", option, printable(value), accepted);
}

Duration duration_or_refuse(std::string_view option, std::string_view value) {
    const auto duration = parse_duration(value);
    if (!duration) {
        refuse_value(option, value, "a duration is 500ms, 5s, 2m or 1h; a bare number is seconds");
    }
    return *duration;
}

Duration lifetime_or_refuse(std::string_view option, std::string_view value) {
    const auto duration = duration_or_refuse(option, value);
    if (duration == Duration::zero()) {
        refuse_value(option, value,
                     "it has to be more than 0; without the option there is no limit");
    }
    return duration;
}

std::uint64_t size_or_refuse(std::string_view option, std::string_view value) {
    const auto size = parse_size(value);
    if (!size || *size == 0) {
        refuse_value(option, value, "a size is 64K, 512M or 1G; a bare number is bytes");
    }
    return *size;
}

int number_or_refuse(std::string_view option, std::string_view value, int most) {
    const auto number = parse_number(value, 0, most);
    if (!number) refuse_value(option, value, fmt::format("it can be 0 to {}", most));
    return static_cast<int>(*number);
}

void refuse_parted(const Option& option, std::string_view word, std::string_view taken_as) {
    if (!parse_duration(word)) return;
    const auto letter =
        option.letter != 0 ? fmt::format(" or -{}{}", option.letter, word) : std::string();
    fail("--{0}: write --{0}={1}{2}, in one word; '{1}' alone is taken as {3}", option.name, word,
         letter, taken_as);
}

int status_or_refuse(std::string_view value) {
    const auto status = parse_number(value, 0, 255);
    if (!status) {
        refuse_value("conflict-exit-code", value, "an exit status is a number from 0 to 255");
    }
    return static_cast<int>(*status);
}

void apply(const Option& option, std::string_view value, verbs::VoiceSettings& voice) {
    if (option.name == "quiet") voice.is_quiet = true;
    if (option.name == "verbose") voice.is_verbose = true;
    if (option.name == "color") voice.color = parse_color(value);
}

void refuse_both(const verbs::VoiceSettings& voice) {
    if (voice.is_quiet && voice.is_verbose) fail("--quiet and --verbose contradict each other");
}

}  // namespace once::cli
