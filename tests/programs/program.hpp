#pragma once
// A program of the real world: what it needs, how it is started, and the small project that it is
// started in. A machine that does not have it skips its tests, and says so.

#include <string>
#include <vector>

#include "scenario.hpp"

namespace once::test {

struct Program {
    /// One that is just PORT stands for the port; the first may be a path in the project.
    std::vector<std::string> command;
    /// Absolute paths, or packages of package.json.
    std::vector<std::string> needs;
    /// The folder below tests/programs/projects that it is started in.
    std::string project = "node";
    /// How often our own server, which writes down its signals, gets the INT of one Ctrl-C without
    /// `once`, at most: from the terminal, and from every watcher that relays it. 0: it is not
    /// ours.
    int interrupts = 0;
    /// It ends while its servers still stop: as stragglers they are asked with a TERM.
    bool ends_early = false;
    /// What each of its workers says on the terminal once it hears signals, and how many they are:
    /// a gunicorn that is interrupted while one still boots waits for that for half a minute.
    std::string greeting = {};
    int greetings = 0;
    /// What it says when it ends in good order, where it says something.
    std::string farewell = {};
    /// It starts a daemon on purpose when it ends, which goes away by itself.
    bool leaves_daemon = false;
};

/// Whether all that is needed is there. If not, the test shall return: it has said why.
bool can_run(const std::vector<std::string>& needs);

/// A scenario in a copy of that project, with the programs among its node_modules.
class Project {
public:
    explicit Project(const std::string& name);

    Scenario& scene() { return scene_; }
    int port() { return scene_.port(); }
    /// The second server of the scripts with two.
    int other_port() const { return other_port_; }

    /// `once OPTIONS -p PORT -- COMMAND`.
    Command once(const Program& program, const std::vector<std::string>& options = {});
    /// The same as a line for a shell.
    std::string once_line(const Program& program);

    /// Launches it and waits until `once status` calls it ready.
    Running start(const Program& program, const std::vector<std::string>& options = {});
    void wait_until_ready();

    /// What our server has written down: `serving PID`, its signals, `stopped`.
    std::string notes(int port) const;
    std::string notes() { return notes(port()); }

private:
    Scenario scene_;
    int other_port_;
};

}  // namespace once::test
