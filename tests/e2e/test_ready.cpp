// The options --ready and --ready-url: a job that is stopped if it does not come up.

#include <signal.h>

#include "aftermath.hpp"
#include "background.hpp"
#include "holding.hpp"
#include "terminal.hpp"

using namespace once::test;

namespace {

std::string text(int number) { return std::to_string(number); }

/// `once -p PORT OPTIONS -- JOB`.
Command on_port(Scenario& scene, const Command& options, const Command& job) {
    Command all{"-p", scene.port()};
    all.insert(all.end(), options.begin(), options.end());
    return with_options(all, job);
}

std::string url(Scenario& scene, const char* path = "/") {
    return "http://127.0.0.1:" + text(scene.port()) + path;
}

/// Listens when a line comes on its stdin.
Command listen_when_told(int port) {
    return {"sh", "-c", "echo waiting; read line; exec actor listen " + text(port)};
}

}  // namespace

TEST_CASE("a job that is ready in time is not spoken of, and its status is its own", "[ready]") {
    Scenario scene;
    const auto once = scene.launch(
        on_port(scene, {"--ready"},
                {"sh", "-c", "actor listen " + text(scene.port()) + " & read line; exit 0"}),
        {.input = Input::pipe});
    wait_until_state(scene, scene.port(), "ready");
    once.write_input("go\n");
    CHECK(once.wait_ending() == exited(0));
    CHECK(once.stderr_text().empty());
    check_nothing_left(scene);
}

TEST_CASE("a job that listens elsewhere is stopped with 69, and both ports are named", "[ready]") {
    Scenario scene;
    const int elsewhere = scene.another_port();
    const auto once = scene.run(on_port(scene, {"--ready=600ms"}, {"actor", "listen", elsewhere}));
    CHECK(once.ending == exited(69));
    CHECK(once.stderr_text == "once: 'actor listen " + text(elsewhere) +
                                  "' was not ready within 600 ms: it listens on port " +
                                  text(elsewhere) + ", not on " + text(scene.port()) + "\n");
    CHECK_FALSE(listening(elsewhere));
    check_nothing_left(scene);
}

TEST_CASE("a job that listens nowhere is stopped with 69, by its stop plan", "[ready]") {
    Scenario scene;
    const auto once = scene.run(on_port(scene, {"--ready=300ms", "--stop-signal", "USR1"},
                                        {"actor", "print-signals", "--exit-on", "USR1"}));
    CHECK(once.ending == exited(69));
    CHECK_THAT(once.stdout_text, has("got SIGUSR1"));
    CHECK_THAT(once.stderr_text, has("was not ready within 300 ms: it does not listen on port " +
                                     text(scene.port())));
    CHECK(count(once.stderr_text, "\n") == 1);
    check_nothing_left(scene);
}

TEST_CASE("a watcher that lives on without its server is stopped with all that is below it",
          "[ready]") {
    Scenario scene;
    const auto once = scene.run(on_port(scene, {"--ready=300ms", "--stop-timeout", "100ms"},
                                        {"sh", "-c", "actor exit 1; actor ignore-term & wait"}));
    CHECK(once.ending == exited(69));
    check_nothing_left(scene);
}

TEST_CASE("if a stranger listens first the job is stopped with 69, and the stranger is named",
          "[ready]") {
    Scenario scene;
    const auto once = scene.launch(on_port(scene, {"--ready"}, {"actor", "print-signals"}));
    const pid_t leader = once.ready_pid();
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    CHECK(once.wait_ending() == exited(69));
    CHECK_THAT(once.stderr_text(), has("'actor print-signals' did not become ready: somebody else "
                                       "listens on port " +
                                       text(scene.port())) &&
                                       has(pid_text(stranger.pid())));
    CHECK_FALSE(alive(leader));
    CHECK_FALSE(stranger.ended());
    CHECK(held_locks(scene).empty());
}

TEST_CASE("a job that exits before it is ready keeps its status, and that is said", "[ready]") {
    Scenario scene;
    const auto once = scene.run(on_port(scene, {"--ready"}, {"actor", "exit", 3}));
    CHECK(once.ending == exited(3));
    CHECK(once.stderr_text == "once: 'actor exit 3' exited with 3 before it was ready\n");
    check_nothing_left(scene);
}

TEST_CASE("a job that exits with 0 before it is ready has not become ready: 69", "[ready]") {
    Scenario scene;
    const auto once = scene.run(on_port(scene, {"--ready"}, {"actor", "exit", 0}));
    CHECK(once.ending == exited(69));
    CHECK(once.stderr_text == "once: 'actor exit 0' exited with 0, and was not ready before\n");
    check_nothing_left(scene);
}

TEST_CASE("a job that is killed before it is ready ends once by the same signal", "[ready]") {
    Scenario scene;
    const auto once = scene.run(on_port(scene, {"--ready"}, {"actor", "die", "KILL"}));
    CHECK(once.ending == killed_by(SIGKILL));
    CHECK(once.stderr_text ==
          "once: 'actor die KILL' was killed by signal 9 before it was ready\n");
    check_nothing_left(scene);
}

TEST_CASE("a job that listens on one of its two ports is not ready, and the other is named",
          "[ready]") {
    Scenario scene;
    const int other = scene.another_port();
    const auto once = scene.run(
        on_port(scene, {"-p", other, "--ready=300ms"}, {"actor", "listen", scene.port()}));
    CHECK(once.ending == exited(69));
    CHECK_THAT(once.stderr_text, has("was not ready within 300 ms: it does not listen on port " +
                                     text(other) + "\n"));
    check_nothing_left(scene);
}

TEST_CASE("any process of the job may listen, in any address family", "[ready]") {
    Scenario scene;
    const auto once = scene.launch(on_port(
        scene, {"--ready"}, {"sh", "-c", "actor listen " + text(scene.port()) + " ::1 & wait"}));
    wait_until_state(scene, scene.port(), "ready");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    CHECK(once.stderr_text().empty());
}

TEST_CASE("a job is ready when its url answers below 400", "[ready]") {
    Scenario scene;
    const auto once = scene.launch(on_port(scene, {"--ready-url", url(scene, "/health?x=1")},
                                           {"actor", "answer-http", scene.port(), 503, 404, 302}));
    wait_until_state(scene, scene.port(), "ready");
    CHECK(count(once.stdout_text(), "GET /health?x=1 HTTP/1.1\n") == 3);
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    CHECK(once.stderr_text().empty());
}

TEST_CASE("a url is enough to be ready by, where no port is claimed", "[ready]") {
    Scenario scene;
    const auto once = scene.launch(with_options({"-n", "x", "--ready-url", url(scene)},
                                                {"actor", "answer-http", scene.port()}));
    wait_until_state(scene, "x", "ready");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("a url that never answers well ends in 69, and its last answer is told", "[ready]") {
    Scenario scene;
    const auto once = scene.run(on_port(scene, {"--ready=500ms", "--ready-url", url(scene)},
                                        {"actor", "answer-http", scene.port(), 404, 503}));
    CHECK(once.ending == exited(69));
    CHECK_THAT(once.stderr_text,
               has("was not ready within 500 ms: " + url(scene) + ": it answers 503\n"));
    check_nothing_left(scene);
}

TEST_CASE("a url that accepts and keeps silent ends in 69", "[ready]") {
    Scenario scene;
    const auto once = scene.run(on_port(scene, {"--ready=500ms", "--ready-url", url(scene)},
                                        {"actor", "listen", scene.port()}));
    CHECK(once.ending == exited(69));
    CHECK_THAT(once.stderr_text, has(url(scene) + ": it does not answer\n"));
    check_nothing_left(scene);
}

TEST_CASE("a url with https is refused before anything is launched", "[ready]") {
    Scenario scene;
    const auto once =
        scene.run(with_options({"--ready-url", "https://localhost/"}, {"touch", "done"}));
    CHECK(once.ending == exited(125));
    CHECK_THAT(once.stderr_text, has("--ready-url: 'https://localhost/'") && has("http"));
    CHECK(count(once.stderr_text, "\n") == 1);
    CHECK(scene.read_file("done").empty());
}

TEST_CASE("status says starting until the job is ready, though it listens", "[ready]") {
    Scenario scene;
    const auto once = scene.launch(on_port(scene, {"--ready=20s", "--ready-url", url(scene)},
                                           {"actor", "answer-http", scene.port(), 503}));
    once.wait_for_output("GET /");
    CHECK(status_value(scene, scene.port(), "state") == "starting");
    CHECK(status_value(scene, scene.port(), "listens") == "yes");
    CHECK(status_value(scene, scene.port(), "ready_since").empty());
    CHECK(scene.run({"once", "status", scene.port()}).ending == exited(1));
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("a job that was ready and listens no more is not listening", "[ready]") {
    Scenario scene;
    const auto once =
        scene.launch(on_port(scene, {"--ready"}, {"actor", "listen-until", "USR1", scene.port()}));
    wait_until_state(scene, scene.port(), "ready");
    REQUIRE(kill(once.ready_pid(), SIGUSR1) == 0);
    once.wait_for_output("closed");
    CHECK(status_value(scene, scene.port(), "state") == "not listening");
    CHECK(scene.run({"once", "status", scene.port()}).ending == exited(1));
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    CHECK(once.stderr_text().empty());
}

TEST_CASE("a signal ends a job that is not ready yet as any other, without a word of readiness",
          "[ready]") {
    Scenario scene;
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        const auto once =
            scene.launch(on_port(scene, {"--ready"},
                                 {"actor", "print-signals", "--exit-on", "TERM", "--exit-on", "INT",
                                  "--exit-on", "HUP", "--exit-code", 7}));
        (void)once.ready_pid();
        once.signal(number);
        CHECK(once.wait_ending() == exited(7));
        CHECK(once.stderr_text().empty());
        check_nothing_left(scene);
    }
}

TEST_CASE("a Ctrl-C ends a job that is not ready yet, without a word of readiness",
          "[ready][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once --ready -p " + text(scene.port()) + " -- actor print-signals 20 " +
                       "--exit-on INT");
    (void)terminal.wait_for_pid_after("ready");
    terminal.press_ctrl_c();
    terminal.wait_for("signals 1");
    terminal.wait_for_prompt();
    CHECK(count(terminal.screen(), "once: ") == 0);
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a launch that replaces one that is not ready yet is all that is said of", "[ready]") {
    Scenario scene;
    const auto first = scene.launch(on_port(scene, {"--ready"}, {"actor", "print-signals"}));
    (void)first.ready_pid();
    const auto second = hold_port(scene, {"--ready"});
    CHECK(first.wait_ending() == exited(0));
    CHECK_THAT(first.stderr_text(), has("once: replaced by"));
    CHECK(count(first.stderr_text(), "before it was ready") == 0);
    second.once.signal(SIGTERM);
    CHECK(second.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("the option --reuse waits for a job that is not ready yet", "[ready]") {
    Scenario scene;
    const auto holder = scene.launch(on_port(scene, {"--ready"}, listen_when_told(scene.port())),
                                     {.input = Input::pipe});
    holder.wait_for_output("waiting");
    const auto other = scene.launch(on_port(scene, {"--reuse"}, {"actor", "exit", 9}));
    other.wait_for_error("waiting for port");
    holder.write_input("go\n");
    CHECK(other.wait_ending() == exited(0));
    CHECK_THAT(other.stderr_text(), has("already running"));
    CHECK(listening(scene.port()));
    holder.signal(SIGTERM);
    CHECK(holder.wait_ending() == killed_by(SIGTERM));
}
