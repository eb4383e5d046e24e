#pragma once

#include <functional>
#include <string>
#include <string_view>

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

    /// Likewise, but only here: nobody else is told.
    void say_aside(const std::string& message) const;

    /// From here on everything else is said there too.
    void also_tell(std::function<void(std::string_view)> listener) {
        listener_ = std::move(listener);
    }

    /// Why we end. Never silent.
    void say_failure(const std::string& message) const;

private:
    friend class Progress;
    [[nodiscard]] std::string prefix(const char* color) const;
    void speak(const std::string& message, const char* color) const;
    void write(const std::string& message, const char* color) const;
    bool is_quiet_;
    bool has_color_;
    std::function<void(std::string_view)> listener_;
};

/// What is waited for, again and again: one line on a terminal, which is written over each time and
/// wiped when this goes; elsewhere it is said once of each thing. Silent with --quiet.
class Progress {
public:
    /// `is_live`: a person looks, and nobody else writes there meanwhile.
    Progress(const Voice& voice, bool is_live);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress();

    void show(const std::string& what, const std::string& line);

private:
    const Voice& voice_;
    bool is_live_;
    std::string shown_;  // what
};

}  // namespace once::verbs
