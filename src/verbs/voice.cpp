#include "verbs/voice.hpp"

#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "os/executable.hpp"
#include "os/output.hpp"

namespace once::verbs {
namespace {

constexpr auto ordinary = "\033[33m";

bool is_set(const char* name) {
    const char* value = os::variable(name);
    return value != nullptr && value[0] != '\0';
}

// A terminal that can do more than write forward.
bool can_redraw() {
    const char* terminal = os::variable("TERM");
    return terminal != nullptr && std::string_view(terminal) != "dumb" && os::stderr_is_terminal();
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
    return can_redraw() && !is_set("NO_COLOR");
}

}  // namespace

Voice::Voice(const VoiceSettings& settings)
    : is_quiet_(settings.is_quiet), has_color_(wants_color(settings.color)) {}

void Voice::say(const std::string& message) const {
    if (!is_quiet_) speak(message, ordinary);
}

void Voice::say_aside(const std::string& message) const {
    if (!is_quiet_) write(message, ordinary);
}

void Voice::say_failure(const std::string& message) const { speak(message, "\033[1;31m"); }

std::string Voice::prefix(const char* color) const {
    return has_color_ ? std::string(color) + "once:\033[0m " : "once: ";
}

void Voice::speak(const std::string& message, const char* color) const {
    if (listener_) listener_(message);
    write(message, color);
}

void Voice::write(const std::string& message, const char* color) const {
    // One write for all lines: the job may be writing at the same time.
    std::string text;
    for (std::string_view rest = message; !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto line = rest.substr(0, end);
        text += prefix(color);
        text += printable(line);  // whoever chose a part of it
        text += '\n';
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    os::write_error(text);
}

// A terminal that only writes forward has lines of their own, and so has what --verbose tells.
Progress::Progress(const Voice& voice, bool is_live)
    : voice_(voice), is_live_(is_live && !voice.is_quiet_ && can_redraw() && !log::is_enabled()) {}

Progress::~Progress() {
    if (is_live_ && !shown_.empty()) os::write_error("\r\033[K");
}

void Progress::show(const std::string& what, const std::string& line) {
    const bool is_new = std::exchange(shown_, what) != what;
    if (!is_live_) {
        if (is_new) voice_.say(line);
        return;
    }
    // A line that the terminal breaks would not be written over as a whole.
    const auto prefix_width = std::string_view("once: ").size();
    const auto width = static_cast<std::size_t>(os::stderr_width().value_or(80));
    const auto room = width > prefix_width + 1 ? width - prefix_width - 1 : 1;
    os::write_error('\r' + voice_.prefix(ordinary) + shortened(line, room) + "\033[K");
}

}  // namespace once::verbs
