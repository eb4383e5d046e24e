// A launch that comes to nothing has changed nothing.

#include <signal.h>

#include <algorithm>

#include "holding.hpp"

using namespace once::test;

TEST_CASE("a holder is not ended for a launch that a stranger's port keeps from starting",
          "[slots][ports][stranger]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    const auto refused = scene.run({"once", "-n", "x", "-p", scene.port(), "--", "true"});
    CHECK(refused.ending == exited(75));
    CHECK_THAT(refused.stderr_text, has(pid_text(stranger.pid())));
    CHECK_FALSE(holder.once.ended());
    CHECK(alive(holder.leader));
}

TEST_CASE("a refusal leaves the state folder as it was", "[slots][state]") {
    Scenario scene;
    const auto holder = hold_port(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    eventually(
        [&] {
            // A record for each slot, one after the other.
            const auto records = state_files(scene, ".json");
            return std::all_of(records.begin(), records.end(), [&](const auto& record) {
                return !json_value(scene.read_file(record), "ready_since").empty();
            });
        },
        "the record is written for the last time");
    const auto before = tree(scene.state_folder());
    const auto record = scene.read_file(state_files(scene, ".json").at(0));
    for (const Command& options : std::vector<Command>{{"--refuse", "-n", "x"},
                                                       {"--refuse", "-p", scene.port()},
                                                       {"--reuse", "-n", "x"},
                                                       {"-w50ms", "-n", "x"},
                                                       {"-n", "x", "--dry-run"}}) {
        (void)scene.run(with_options(options, {"true"}));
    }
    CHECK(tree(scene.state_folder()) == before);
    CHECK(scene.read_file(state_files(scene, ".json").at(0)) == record);
}

TEST_CASE("a signal that comes before the launch ends once by it, and nothing was launched",
          "[slots]") {
    Scenario scene;
    const auto slow =
        scene.launch({"once", "-n", "x", "--", "actor", "listen-slow-stop", scene.port(), 700});
    slow.wait_for_output("listening");
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
        const auto replacing = scene.launch({"once", "-n", "x", "--", "echo", "ran"});
        slow.wait_for_error("replaced by");
        replacing.signal(number);
        CHECK(replacing.wait_ending() == killed_by(number));
        CHECK(replacing.stdout_text().empty());
    }
    CHECK(slow.wait_ending() == exited(0));
    CHECK(scene.run({"once", "--refuse", "-n", "x", "--", "true"}).ending == exited(0));
}
