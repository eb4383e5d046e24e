// What once writes for others to read: all of it, or an error that says so.

#include <signal.h>

#include <filesystem>

#include "holding.hpp"

using namespace once::test;

namespace {

// `words`, as soon as nobody reads its output any more.
Ending run_without_reader(Scenario& scene, const std::string& words, const Launch& how) {
    const auto shell = scene.launch({"sh", "-c", "read go; exec " + words}, how);
    shell.close_output();
    shell.write_input("go\n");
    return shell.wait_ending();
}

}  // namespace

TEST_CASE("an answer that cannot be written, since the disk is full, is an error: 125",
          "[command-line][trouble]") {
    if (!std::filesystem::exists("/dev/full")) {
        WARN("skipped: there is no /dev/full");
        return;
    }
    Scenario scene;
    const auto holder = hold_port(scene);
    const auto port = std::to_string(scene.port());
    for (const auto& words : {std::string("--help"), std::string("--version"),
                              std::string("status"), "who " + port, "who --json " + port}) {
        INFO(words);
        const auto once = scene.run({"sh", "-c", "once " + words + " > /dev/full"});
        CHECK(once.ending == exited(125));
        CHECK(once.stderr_text == "once: cannot write to stdout: No space left on device\n");
    }
}

TEST_CASE("whoever reads no more ends once by SIGPIPE, or is told of where that is ignored",
          "[command-line]") {
    Scenario scene;
    CHECK(run_without_reader(scene, "once --help", {.input = Input::pipe}) == killed_by(SIGPIPE));
    CHECK(run_without_reader(scene, "once --help", {.input = Input::pipe, .ignored = {SIGPIPE}}) ==
          exited(125));
}
