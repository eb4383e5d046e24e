#pragma once
// Somebody else on the same machine: another user, who can do what any user can.

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>

#include "scenario.hpp"

namespace once::test {

/// The user that neighbours are: `nobody`.
constexpr unsigned neighbours_user = 65534;

/// A program of ours that another user may run as well, under this name.
std::filesystem::path copy_for_others(Scenario& scene, const std::filesystem::path& original,
                                      const std::string& name);

/// The command, run by the neighbour.
Command as_neighbour(const Command& command);

/// A folder below the scenario's that anybody can write, as /tmp is.
std::filesystem::path public_folder(Scenario& scene, const std::string& name);

/// Gives a file to the neighbour, and not what it leads to.
void give_away(const std::filesystem::path& path);

/// A process of the neighbour's that does this, and then waits until this object goes.
class Neighbour {
public:
    Neighbour(Scenario& scene, const std::function<void()>& deed);
    ~Neighbour();
    Neighbour(const Neighbour&) = delete;
    Neighbour& operator=(const Neighbour&) = delete;

    pid_t pid() const { return pid_; }

private:
    pid_t pid_;
};

/// For a neighbour: a socket that listens; ends the process if it cannot. `shares`: with
/// SO_REUSEPORT.
int listen_as_neighbour(int port, const char* address, bool shares = false);

}  // namespace once::test
