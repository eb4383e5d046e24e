#pragma once
// A program that a test has launched: its ending, its output, its input.

#include <sys/types.h>

#include <filesystem>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waiting.hpp"

namespace once::test {

/// How a process ended: exited with a code, or killed by a signal. A core dump makes a difference:
/// `killed_by(SIGSEGV)` is a death without one.
struct Ending {
    std::optional<int> code;
    std::optional<int> signal;
    bool dumped_core = false;

    bool operator==(const Ending&) const = default;
};

inline Ending exited(int code) { return {.code = code, .signal = {}, .dumped_core = false}; }
inline Ending killed_by(int signal) { return {.code = {}, .signal = signal, .dumped_core = false}; }
std::ostream& operator<<(std::ostream& out, const Ending& ending);

/// One word of a command: numbers and paths may stand among the strings.
struct Word {
    Word(const char* word) : text(word) {}
    Word(std::string word) : text(std::move(word)) {}
    Word(int word) : text(std::to_string(word)) {}
    Word(const std::filesystem::path& word) : text(word.string()) {}

    std::string text;
};

/// The first word is looked up in PATH, where `once` and `actor` come first.
using Command = std::vector<Word>;

enum class Input { nothing, pipe };
/// A session of its own has no controlling terminal; `group` and `none` share the tests' session.
enum class Place { session, group, none };

/// What a test may want differently for one launch.
struct Launch {
    /// Empty: the scenario's folder.
    std::filesystem::path folder = {};
    /// On top of the scenario's; nothing instead of a value removes the variable.
    std::map<std::string, std::optional<std::string>> environment = {};
    Input input = Input::nothing;
    Place place = Place::session;
    /// Signals that the program finds ignored, or blocked. All others are neither.
    std::vector<int> ignored = {};
    std::vector<int> blocked = {};
    /// Descriptors passed on under their own numbers. No others are, but for 0, 1, 2.
    std::vector<int> kept = {};
};

/// A handle that may be copied; the program belongs to its Scenario.
class Running {
public:
    pid_t pid() const;
    bool ended() const;
    /// Says whether the process was still there to be signalled.
    bool signal(int number) const;
    /// Fails the test when `patience` is over. All output of the process is here afterwards.
    Ending wait_ending() const;

    /// What has been written so far. A program on a Terminal writes to its screen instead.
    const std::string& stdout_text() const;
    const std::string& stderr_text() const;
    void wait_for_output(std::string_view text) const;
    void wait_for_error(std::string_view text) const;
    /// Waits for the line `ready <pid>` of the (first) actor in this job and returns that pid.
    pid_t ready_pid() const;
    /// Waits for a line `<label> <pid>`, such as the `escaped 42` of an actor.
    pid_t pid_after(std::string_view label) const;
    /// Whether all writers of stdout and of stderr are gone.
    bool output_ended() const;
    /// The reader goes away: who writes now gets EPIPE.
    void close_output() const;

    /// For Input::pipe.
    void write_input(std::string_view text) const;
    void close_input() const;

    const std::string& command() const;

private:
    friend class Scenario;
    struct State;
    explicit Running(std::shared_ptr<State> state) : state_(std::move(state)) {}

    std::shared_ptr<State> state_;
};

/// The result of a program that has been run to its end.
struct Finished {
    Ending ending;
    std::string stdout_text;
    std::string stderr_text;
};

}  // namespace once::test
