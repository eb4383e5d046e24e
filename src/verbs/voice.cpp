#include "verbs/voice.hpp"

#include <string_view>

#include "os/executable.hpp"
#include "os/output.hpp"

namespace once::verbs {
namespace {

bool is_set(const char* name) {
    const char* value = os::variable(name);
    return value != nullptr && value[0] != '\0';
}

bool wants_color(Color color) {
    switch (color) {
        case Color::always:
            return true;
        case Color::never:
            return false;
        case Color::automatic:
            break;
    }
    const char* terminal = os::variable("TERM");
    return os::stderr_is_terminal() && !is_set("NO_COLOR") && terminal != nullptr &&
           std::string_view(terminal) != "dumb";
}

}  // namespace

Voice::Voice(const VoiceSettings& settings)
    : is_quiet_(settings.is_quiet), has_color_(wants_color(settings.color)) {}

void Voice::say(const std::string& message) const {
    if (!is_quiet_) speak(message, "\033[33m");
}

void Voice::say_failure(const std::string& message) const { speak(message, "\033[1;31m"); }

void Voice::speak(const std::string& message, const char* color) const {
    // One write for all lines: the job may be writing at the same time.
    std::string text;
    for (std::string_view rest = message; !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        text += has_color_ ? std::string(color) + "once:\033[0m " : "once: ";
        text += rest.substr(0, end);
        text += '\n';
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    os::write_error(text);
}

}  // namespace once::verbs
