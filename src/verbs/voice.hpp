#pragma once

#include <string>

namespace once::verbs {

enum class Color { automatic, always, never };

struct VoiceSettings {
    bool is_quiet = false;    ///< only what ends us is said
    bool is_verbose = false;  ///< each step with its time
    Color color = Color::automatic;
};

/// Words for the user, on stderr, a `once: ` before each line. Colour only where a person looks: on
/// a terminal, and neither with NO_COLOR nor with TERM=dumb, unless --color says otherwise.
class Voice {
public:
    explicit Voice(const VoiceSettings& settings);

    /// Something to know. Silent with --quiet.
    void say(const std::string& message) const;

    /// Why we end. Never silent.
    void say_failure(const std::string& message) const;

private:
    void speak(const std::string& message, const char* color) const;
    bool is_quiet_;
    bool has_color_;
};

}  // namespace once::verbs
