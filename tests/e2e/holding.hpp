#pragma once
// What the tests of slots share: a holder that stands, what once says of it, and what it keeps in
// its state folder.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "scenario.hpp"

namespace once::test {

/// For CHECK_THAT: the text has this part.
inline auto has(const std::string& part) {
#if __has_include(<catch2/catch_all.hpp>)
    return Catch::Matchers::ContainsSubstring(part);
#else
    return Catch::Matchers::Contains(part);
#endif
}

/// How `(pid 42)` stands in a message.
std::string pid_text(pid_t pid);

/// A launch whose job stands: `once OPTIONS -- actor lock proof [PORT]`. The actor exits with 99
/// if another one with the same proof runs, so that two jobs at once never go unnoticed.
struct Holder {
    Running once;
    pid_t leader;
};

Holder hold(Scenario& scene, const Command& options, const Launch& how = {});
/// The same on the scenario's port, and it listens there.
Holder hold_port(Scenario& scene, const Command& options = {}, const Launch& how = {});

/// A job of a leader and a child that listens, ignores TERM, and outlives its leader. Inscribed.
Holder hold_with_child(Scenario& scene, const Command& options, const Launch& how = {});

/// SIGKILL to once and its keeper at the same moment; waits until both are gone, and with the
/// keeper its leader.
void kill_both(const Holder& holder);

/// Its job stands before its record says so: waits for that.
void wait_until_inscribed(const Scenario& scene, const Holder& holder);

/// `once OPTIONS -- JOB`.
Command with_options(const Command& options, const Command& job);
/// The job of hold(); with a port that of hold_port().
Command job(const Scenario& scene, std::optional<int> port = {});

/// The files below the state folder whose names end so, in order.
std::vector<std::filesystem::path> state_files(const Scenario& scene, std::string_view ending);
/// The only one; waits for it, since a job stands before its record does.
std::filesystem::path state_file(const Scenario& scene, std::string_view ending);
/// All entries of a folder and below.
std::vector<std::string> tree(const std::filesystem::path& folder);

/// What follows `"key": ` in a JSON text, up to the comma or bracket; empty if it is not there.
std::string json_value(const std::string& text, const std::string& key);
/// Puts another value in its place.
std::string with_json_value(std::string text, const std::string& key, const std::string& value);

/// CLOCK_BOOTTIME in nanoseconds: what a record's `begun` counts in.
std::uint64_t boot_time();

/// Whether we may do what only root can; says so loudly where not, since the test then proves
/// nothing.
bool is_root_or_warn(std::string_view what_for);

}  // namespace once::test
