#pragma once
// Jobs whose `once` is no child of the tests: what status says of them, and what is in their log.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "scenario.hpp"

namespace once::test {

/// What `once status TARGET --json` has under this key, a text without its quotes; empty if nobody
/// holds the target.
std::string status_value(Scenario& scene, const Word& target, const std::string& key);
/// The pid under `once`, `keeper` or `leader`; 0 if there is none.
pid_t status_pid(Scenario& scene, const Word& target, const std::string& whose);
void wait_until_state(Scenario& scene, const Word& target, std::string_view state);

/// A job in the background.
struct Detached {
    pid_t once;
    pid_t keeper;
    pid_t leader;
    std::filesystem::path log;
};

/// `once -d -n x OPTIONS -- JOB`, which has to come back with 0 and without a word.
Detached detach(Scenario& scene, const Command& options, const Command& job,
                const Launch& how = {});

void wait_for_text(const std::filesystem::path& file, std::string_view text);

/// `once stop TARGET`, after which nothing of it is left.
void stop(Scenario& scene, const Word& target);

/// For a command that waits for this FIFO to be written to: `read line < FIFO`.
std::filesystem::path make_gate(const Scenario& scene, const std::string& name = "gate");
void open_gate(const std::filesystem::path& gate);

}  // namespace once::test
