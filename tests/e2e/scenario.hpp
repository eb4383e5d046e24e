#pragma once
// The stage of one end-to-end test:
//
//     Scenario scene;
//     const auto first = scene.launch({"once", "-p", scene.port(), "--", "actor", "listen",
//     scene.port()}); eventually([&] { return listening(scene.port()); }, "the first job listens");
//     const auto second = scene.run({"once", "--refuse", "-p", scene.port(), "--", "true"});
//     CHECK(second.ending == exited(75));
//
// It has a project folder, a state folder, a home and a port that nobody else uses. When it goes it
// ends what the test launched (TERM, as a person would) and counts who is left of all that has
// started since it was made: a survivor fails the test, unless the test has forgiven it.

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "processes.hpp"
#include "running.hpp"
#include "waiting.hpp"

namespace once::test {

class Scenario {
public:
    Scenario();
    ~Scenario();
    Scenario(const Scenario&) = delete;
    Scenario& operator=(const Scenario&) = delete;

    /// Where programs are launched: an empty folder of a project.
    const std::filesystem::path& folder() const { return folder_; }
    /// ONCE_STATE_DIR. It does not exist until `once` makes it.
    const std::filesystem::path& state_folder() const { return state_folder_; }
    /// HOME.
    const std::filesystem::path& home() const { return home_; }
    /// An empty folder beside the others, made when asked for.
    std::filesystem::path another_folder(std::string_view name) const;
    /// The built program, for tests that need its path; "once" finds it.
    static std::filesystem::path once_binary();
    /// Likewise; a copy of it under another name is a program of that name.
    static std::filesystem::path actor_binary();

    /// One port per scenario, free when it was asked for first; and as many others as needed.
    int port();
    int another_port();

    /// For all launches from here on.
    void set(const std::string& name, const std::string& value);
    void unset(const std::string& name);

    /// Starts a program: "once", "actor", or anything else in PATH.
    Running launch(const Command& command, Launch how = {});
    /// Launches and waits for the ending.
    Finished run(const Command& command, Launch how = {});

    /// This process may be there at the end; it is then ended without a word.
    void forgive(pid_t pid);
    /// Everybody alive who has started since the scenario was made, but the forgiven.
    std::vector<Process> survivors() const;

    /// Paths are relative to folder().
    void write_file(const std::filesystem::path& path, std::string_view text) const;
    std::string read_file(const std::filesystem::path& path) const;
    /// An executable shell script; returns its path.
    std::filesystem::path write_script(const std::filesystem::path& path,
                                       std::string_view text) const;

private:
    friend class Terminal;

    Running start_on_terminal(const Command& command, Launch how, int terminal);
    pid_t start(const Command& command, Launch& how, int in, int out, int err, bool is_terminal);
    bool is_ours(const Process& process) const;
    void finish();
    std::vector<Process> end_politely();  ///< who is left then
    void end_all();

    std::filesystem::path root_;
    std::filesystem::path folder_;
    std::filesystem::path state_folder_;
    std::filesystem::path home_;
    std::map<std::string, std::string> environment_;
    std::set<int> ports_;
    int port_ = 0;
    std::vector<Process> neighbours_;  // who was here before us
    std::set<pid_t> forgiven_;
    std::vector<Running> launched_;
    int exceptions_before_;
};

/// Waits for the only child of this `once`, its keeper.
pid_t keeper_of(pid_t once);
/// Waits for the keeper's child of that name or, without one, its first: the job's leader. Where
/// an actor is the leader, Running::ready_pid() says the same and also that it stands.
pid_t leader_of(pid_t once);

/// How often a text occurs in another.
int count(std::string_view text, std::string_view part);

}  // namespace once::test
