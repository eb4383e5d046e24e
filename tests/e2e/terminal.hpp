#pragma once
// A real terminal with a session on it, and a person who types. Made after its Scenario and gone
// before it: closing it hangs up.

#include <termios.h>

#include <memory>
#include <string>
#include <string_view>

#include "scenario.hpp"

namespace once::test {

class Terminal {
public:
    /// 24 lines of 120 columns.
    explicit Terminal(Scenario& scenario);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    /// A program as leader of a new session whose terminal this is. Once per terminal.
    Running start(const Command& command, Launch how = {});
    /// An interactive bash with `prompt` as its prompt; waits until that stands there.
    Running start_shell();
    static constexpr std::string_view prompt = "e2e> ";

    void type(std::string_view text);
    /// Types a command line and the Enter key. What is typed is echoed: a text that the command
    /// shall print must not stand in the line as such (`echo do''ne`).
    void type_line(std::string_view line);
    void press_ctrl_c() { type("\x03"); }
    void press_ctrl_z() { type("\x1a"); }
    void press_ctrl_backslash() { type("\x1c"); }
    void press_ctrl_d() { type("\x04"); }

    /// Waits for a text after the one waited for before, and passes it.
    void wait_for(std::string_view text);
    /// And until the shell reads: what is typed while it still sets the terminal's modes is lost.
    void wait_for_prompt();
    /// As wait_for, for a line `<label> <pid>`: the pid.
    pid_t wait_for_pid_after(std::string_view label);
    /// All that ever was written, raw.
    const std::string& screen() const { return inlet_->text(); }

    /// The window is closed: SIGHUP to the session. Also done at the end.
    void close() { inlet_->close(); }

    /// tcgetpgrp(): 0 if there is none.
    pid_t foreground_group() const;
    termios modes() const;
    /// SIGWINCH to the foreground group.
    void resize(int lines, int columns);

private:
    Scenario& scenario_;
    int exceptions_before_;
    std::string device_;
    int slave_ = -1;  // ours until the leader has it: a terminal that nobody has open reports EIO
    std::unique_ptr<Inlet> inlet_;
    pid_t shell_ = 0;
    std::size_t passed_ = 0;
    std::optional<Running> leader_;
};

}  // namespace once::test
