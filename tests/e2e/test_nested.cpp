// once below once: a script whose command line has the same prefix.

#include <signal.h>

#include "aftermath.hpp"
#include "background.hpp"
#include "holding.hpp"

using namespace once::test;

TEST_CASE("a nested launch for the same port runs under the outer lease", "[slots][nested]") {
    Scenario scene;
    for (const char* policy : {"--replace", "--refuse", "--reuse", "--wait"}) {
        const auto outer = scene.launch({"once", "-p", scene.port(), "--", "once", policy, "-p",
                                         scene.port(), "--", "actor", "lock", "p", scene.port()});
        outer.wait_for_output("listening");
        CHECK(alive(outer.pid()));
        CHECK(outer.stderr_text().empty());
        const auto refused = scene.run({"once", "--refuse", "-p", scene.port(), "--", "true"});
        CHECK(refused.ending == exited(75));
        CHECK_THAT(refused.stderr_text, has(pid_text(outer.pid())));
        outer.signal(SIGTERM);
        CHECK(outer.wait_ending() == killed_by(SIGTERM));
    }
}

TEST_CASE("a nested launch for the same name, or the same command in the same folder, likewise",
          "[slots][nested]") {
    Scenario scene;
    CHECK(scene.run({"once", "-n", "x", "--", "once", "-n", "x", "--", "sh", "-c", "exit 6"})
              .ending == exited(6));
    const auto script = scene.write_script(
        "job", "[ -z \"$INNER\" ] || exit 6\nINNER=1\nexport INNER\nonce -- \"$0\"\n");
    CHECK(scene.run({"once", "--", script}).ending == exited(6));
}

TEST_CASE("a nested launch is nested at any depth, behind any shell", "[slots][nested]") {
    Scenario scene;
    const int port = scene.port();
    const auto deep = scene.run({"once", "-p", port, "--", "sh", "-c",
                                 "once -n x sh -c 'once -p " + std::to_string(port) +
                                     " -n x -- actor print-environment "
                                     "ONCE_JOB; exit 8'; exit $?"});
    CHECK(deep.ending == exited(8));
    CHECK(deep.stderr_text.empty());
    CHECK(count(deep.stdout_text, ":") == 2);  // an id per launch, the innermost last
}

TEST_CASE("a nested launch with one more port holds that one itself", "[slots][nested]") {
    Scenario scene;
    const int more = scene.another_port();
    const auto outer =
        scene.launch({"once", "-p", scene.port(), "--", "sh", "-c",
                      "once -p $PORT -p " + std::to_string(more) + " -- actor lock proof " +
                          std::to_string(more) + "; exit 8"});
    outer.wait_for_output("listening");
    for (const int port : {scene.port(), more}) {
        CHECK(scene.run({"once", "--refuse", "-p", port, "--", "true"}).ending == exited(75));
    }
    // The inner job alone is replaced; the outer one lives on until its command has ended.
    CHECK(scene.run({"once", "-p", more, "--", "true"}).ending == exited(0));
    CHECK(outer.wait_ending() == exited(8));
    CHECK(scene.run({"once", "--refuse", "-p", scene.port(), "--", "true"}).ending == exited(0));
}

TEST_CASE("a nested launch leaves the outer record as it is", "[slots][nested]") {
    Scenario scene;
    const auto outer = scene.launch({"once", "-n", "x", "--", "sh", "-c",
                                     "once -n x -- true; echo inner ended; exec actor lock proof"});
    outer.wait_for_output("inner ended");
    outer.wait_for_output("locked");
    wait_until_inscribed(scene, {outer, outer.ready_pid()});
    const auto status = scene.run({"once", "status", "x", "--json"});
    CHECK(status.ending == exited(0));
    CHECK_THAT(status.stdout_text, has("\"pid\": " + std::to_string(outer.pid()) + ","));
    (void)hold(scene, {"-n", "x"});
    CHECK(outer.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("a sibling of the holder's job is not nested", "[slots][nested]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const std::string id = environment_of(holder.leader).at("ONCE_JOB");
    // The mark alone proves nothing: who runs below the holder does.
    const auto refused = scene.run({"once", "--refuse", "-n", "x", "--", "true"},
                                   {.environment = {{"ONCE_JOB", id}}});
    CHECK(refused.ending == exited(75));
}

TEST_CASE("a nested launch does not go to the background, where it would outlive its right: 75",
          "[slots][nested][detach]") {
    Scenario scene;
    for (const char* policy : {"--replace", "--reuse", "--refuse", "--wait", "--dry-run"}) {
        CAPTURE(policy);
        const auto once = scene.launch({"once", "-n", "x", "--", "sh", "-c",
                                        "once -d " + std::string(policy) +
                                            " -n x -- actor ignore-term; echo status $?; "
                                            "exec actor print-signals"});
        once.wait_for_output("ready");
        CHECK_THAT(once.stdout_text(), has("status 75\n"));
        CHECK_THAT(once.stderr_text(), has("in the background outlive it"));
        once.signal(SIGTERM);
        CHECK(once.wait_ending() == exited(0));
        check_nothing_left(scene);
    }
}

TEST_CASE("what runs in a deliberate daemon of the job is not nested: it outlives the job",
          "[slots][nested][daemons]") {
    Scenario scene;
    const auto gate = make_gate(scene);
    scene.write_script("pane.sh",
                       "echo $$ >pane\n"
                       "read line <" +
                           gate.string() + "\n" +
                           "once --refuse -n x -- true || echo status $? >status\n"
                           "once stop x\n"
                           "echo stopped $? >>status\n");
    const auto once =
        scene.launch({"once", "-n", "x", "--", "sh", "-c",
                      "(setsid ./pane.sh </dev/null >/dev/null 2>&1 &); exec actor print-signals"});
    const pid_t leader = once.ready_pid();
    eventually([&] { return scene.read_file("pane").ends_with("\n"); }, "the pane is there");
    const pid_t pane = std::stoi(scene.read_file("pane"));
    eventually([&] { return parent_of(pane) == parent_of(leader); }, "it is the keeper's");
    open_gate(gate);
    CHECK(once.wait_ending() == exited(0));
    eventually([&] { return scene.read_file("status") == "status 75\nstopped 0\n"; }, "it is over");
    eventually([&] { return !alive(pane); }, "it has ended");
    check_nothing_left(scene);
}
