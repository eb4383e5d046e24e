#pragma once
// The one place where tests wait. Whatever has something to say (pipes, terminals, endings) is
// watched here, and every wait takes in what arrives meanwhile, from all of them: no process that
// a test started ever blocks because nobody reads what it writes.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace once::test {

/// How long a test waits before it calls something not happening. Generous, for loaded machines:
/// it costs nothing where all is well.
constexpr std::chrono::milliseconds patience{20'000};

/// Looks until the predicate holds; fails the test when it still does not after `patience`,
/// showing all output that has not been thrown away yet.
void eventually(const std::function<bool()>& holds, std::string_view description);

/// Looks until the predicate holds, or time is up; says whether it held.
bool within(std::chrono::milliseconds limit, const std::function<bool()>& holds);

/// Fails the test if the predicate ceases to hold during this time. For claims that something
/// does *not* happen; prefer an event that must come after it, wherever there is one.
void remains(const std::function<bool()>& holds, std::chrono::milliseconds time,
             std::string_view description);

/// A descriptor that is looked at in every wait, for as long as this lives. It is not owned.
class Watch {
public:
    Watch(int fd, std::function<void()> on_ready);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
};

/// The reading end of a pipe or a terminal with all that has arrived through it. Owns the
/// descriptor.
class Inlet {
public:
    Inlet(int fd, std::string label);
    ~Inlet();
    Inlet(const Inlet&) = delete;
    Inlet& operator=(const Inlet&) = delete;

    /// All that has been written up to this moment.
    const std::string& text();
    /// Whether nobody can write any more.
    bool ended();
    /// From now on the writer writes to a closed pipe, or has lost its terminal.
    void close();
    /// Only for a terminal, whose descriptor goes both ways.
    int fd() const { return fd_; }
    /// For messages: the label and the last lines.
    std::string portrait() const;

private:
    void drain();

    int fd_;
    std::string label_;
    std::string text_;
    bool ended_ = false;
    std::optional<Watch> watch_;
};

}  // namespace once::test
