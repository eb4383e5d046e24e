#pragma once
// Programs of the real world that `once` has not started.

#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "life.hpp"

namespace once::test {

/// A program as a stranger, which takes its port from PORT.
struct Outsider {
    Program program;
    /// How the root's line ends that `once who` shows.
    std::string root;
    /// What its watcher watches.
    std::vector<std::filesystem::path> watched;
    /// At least so many processes, so that no wrapper is overlooked.
    std::size_t processes = 1;
    std::size_t listeners = 1;
};

/// With the number in place of PORT.
std::string with_port(std::string text, int port);

/// Starts it as anybody would, without `once`.
Running start(Project& project, const Outsider& outsider);

/// It lives, and is no other with its number.
bool is_there(const Process& one);

/// A process with all below it.
std::vector<Process> tree_of(pid_t root);

void check_gone(const std::vector<Process>& gone);
void check_lives(const std::vector<Process>& living);

/// As an editor does it: the watcher cannot know that nothing has changed.
void save(Project& project, const std::vector<std::filesystem::path>& files);

/// Nobody takes the port again when a file is saved, at once or a moment later.
void check_no_return(Project& project, const std::vector<std::filesystem::path>& files);

/// The lines of `once who`'s tree: a listener's begins with a star.
void check_who(Project& project, pid_t root, const std::string& command);

/// Has asked the server something and keeps its connection open, whatever comes; it counts the
/// signals that it gets.
class Client {
public:
    explicit Client(Project& project);

    pid_t pid() const { return running_.pid(); }

    void check_untouched() const;

private:
    Running running_;
};

}  // namespace once::test
