#pragma once
// Small real processes that play a second part in a test, and what they need.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/ending.hpp"
#include "os/process.hpp"

namespace once::test {

/// One end of a line between a test and its child. Nobody waits by the clock: they wait for words.
class Line {
public:
    explicit Line(int fd) : fd_(fd) {}
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    ~Line();

    void tell(int word = 0) const;
    /// The next word of the other side; -1 when it is gone.
    [[nodiscard]] int listen() const;
    void hang_up();

private:
    int fd_;
};

/// A forked process that lives through `story` and exits with what that answers; it was killed and
/// reaped when this goes. Signals are to it as to any fresh program.
class Child {
public:
    using Story = std::function<int(Line& parent)>;
    struct Fork {
        int pid;
        int line;
    };
    explicit Child(const Story& story);
    /// Executes a command; `listen` answers -1 when that has come to be.
    explicit Child(std::vector<std::string> command);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    [[nodiscard]] int pid() const { return pid_; }
    [[nodiscard]] os::ProcessId id() const;
    Line& line() { return line_; }
    void signal(int number) const;
    /// Waits for its end; `reap` is what forgets its pid.
    void wait_for_end() const;
    Ending reap();

private:
    explicit Child(Fork fork) : pid_(fork.pid), line_(fork.line) {}
    int pid_;
    bool reaped_ = false;
    Line line_;
};

/// In a child's story: what must hold, or the story ends there with 125.
void must(bool claim, int line = __builtin_LINE());

/// A fresh folder, gone with all that is in it when this goes.
class OwnFolder {
public:
    OwnFolder();
    ~OwnFolder();
    OwnFolder(const OwnFolder&) = delete;
    OwnFolder& operator=(const OwnFolder&) = delete;

    [[nodiscard]] std::string path(const std::string& name = {}) const {
        return name.empty() ? path_.string() : (path_ / name).string();
    }

private:
    std::filesystem::path path_;
};

/// A file's whole text; empty if there is none.
std::string text_of(const std::string& path);
void put_text(const std::string& path, const std::string& text);

/// The words of the Failure that `act` ends in, behind its status: `125: cannot …`. Empty if it
/// ends well.
std::string failure_of(const std::function<void()>& act);

}  // namespace once::test
