#pragma once
// What a job leaves behind, and who stands above it: the questions that most tests end with.

#include <filesystem>
#include <vector>

#include "scenario.hpp"

namespace once::test {

/// The records that tell of a holder.
std::vector<std::filesystem::path> records(const Scenario& scene);
/// The locks that somebody holds, a process of a job or not.
std::vector<std::filesystem::path> held_locks(const Scenario& scene);

/// Now, at this moment: nobody survives, nobody listens, no record stands, no lock is held.
void check_nothing_left(Scenario& scene);
/// The same, but for a shell that the test still needs.
void check_nothing_left_but(Scenario& scene, const Running& shell);
/// The same, soon: for a keeper that cleans up after a `once` that was killed.
void await_nothing_left(Scenario& scene);

/// The `once` of the job whose leader this is.
inline pid_t once_above(pid_t leader) { return parent_of(parent_of(leader)); }

/// Waits until a process has read all signals that were sent to it: the kernel merges those of one
/// kind that nobody has read yet, and two keys pressed too quickly would be one.
void wait_until_heard(pid_t pid);

/// How often a `print-signals` on this output has had it.
inline int times_got(std::string_view output, std::string_view signal) {
    return count(output, "got " + std::string(signal) + " from ");
}

}  // namespace once::test
