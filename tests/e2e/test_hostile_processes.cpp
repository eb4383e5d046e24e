// Neighbours that lie about what they are, and hold what is ours.

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "background.hpp"
#include "holding.hpp"
#include "neighbour.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

/// A neighbour who listens, once he does.
Neighbour listener(Scenario& scene, const char* address, bool shares = false) {
    return Neighbour(scene, [port = scene.port(), address, shares] {
        (void)listen_as_neighbour(port, address, shares);
    });
}

void check_left_alone(Scenario& scene, pid_t neighbour) {
    for (const char* how : {"--replace", "--force", "--reuse"}) {
        const auto refused = scene.run({"once", how, "-p", scene.port(), "--", "echo", "ran"});
        INFO(how << ": " << refused.stderr_text);
        CHECK(refused.ending == exited(75));
        CHECK(refused.stdout_text.empty());
        CHECK_THAT(refused.stderr_text, has("of the user nobody") && has(pid_text(neighbour)) &&
                                            has("so it is left alone"));
    }
    CHECK(scene.run({"once", "stop", "--force", scene.port()}).ending == exited(75));
    CHECK(alive(neighbour));
}

/// A neighbour who accepts one caller after the other and says the same to each, without an end.
Neighbour babbler(Scenario& scene, const std::string& words) {
    return Neighbour(scene, [port = scene.port(), words] {
        const int own = listen_as_neighbour(port, "127.0.0.1");
        for (;;) {
            const int caller = accept(own, nullptr, nullptr);
            while (send(caller, words.data(), words.size(), MSG_NOSIGNAL) > 0) continue;
            close(caller);
        }
    });
}

}  // namespace

TEST_CASE("a neighbour who listens on our port is named and left alone, however he does it",
          "[hostile][stranger]") {
    if (!is_root_or_warn("become another user")) return;
    Scenario scene;
    for (const char* address : {"127.0.0.1", "::1"}) {
        for (const bool shares : {false, true}) {
            const auto other = listener(scene, address, shares);
            eventually([&] { return listening(scene.port()); }, "the neighbour listens");
            check_left_alone(scene, other.pid());
        }
    }
}

TEST_CASE("a neighbour's once holds his port against ours, and neither can end the other's job",
          "[hostile]") {
    if (!is_root_or_warn("become another user")) return;
    Scenario scene;
    const auto once = copy_for_others(scene, Scenario::once_binary(), "once-of-neighbour");
    const auto actor = copy_for_others(scene, Scenario::actor_binary(), "actor");
    const auto state = scene.another_folder("theirs");
    give_away(state);
    const Launch theirs{.environment = {{"ONCE_STATE_DIR", state.string()}}};
    const auto other = scene.launch(
        as_neighbour({once, "-p", scene.port(), "--", actor, "listen", scene.port()}), theirs);
    other.wait_for_output("listening");
    check_left_alone(scene, other.ready_pid());
    other.signal(SIGTERM);
    (void)other.wait_ending();

    const auto ours = hold_port(scene);
    for (const Command& words : {Command{once, "-p", scene.port(), "--", "echo", "ran"},
                                 Command{once, "--force", "-p", scene.port(), "--", "echo", "ran"},
                                 Command{once, "stop", "--force", scene.port()}}) {
        const auto refused = scene.run(as_neighbour(words), theirs);
        CHECK(refused.ending == exited(75));
        CHECK(refused.stdout_text.empty());
        CHECK_THAT(refused.stderr_text, has("of the user root"));
    }
    CHECK(alive(ours.leader));
}

TEST_CASE("a process that calls itself once, with our options, is a stranger", "[hostile]") {
    Scenario scene;
    const auto liar = scene.folder() / "once";
    fs::copy_file(Scenario::actor_binary(), liar);
    const auto other = scene.launch({liar, "listen", scene.port(), "127.0.0.1", "-p", "8001"});
    other.wait_for_output("listening");
    for (const char* how : {"--replace", "--reuse"}) {
        const auto refused = scene.run({"once", how, "-p", scene.port(), "--", "echo", "ran"});
        CHECK(refused.ending == exited(75));
        CHECK_THAT(refused.stderr_text, has("it was not started by once"));
    }
    CHECK(scene.run({"once", "stop", scene.port()}).ending != exited(0));
    CHECK(scene.run({"once", "status"}).stderr_text == "once: nothing is held\n");
    CHECK(alive(other.pid()));
}

TEST_CASE("a neighbour who has copied the mark of a job is not swept with it", "[hostile]") {
    if (!is_root_or_warn("become another user")) return;
    Scenario scene;
    const auto holder = hold_with_child(scene, {"-n", "x", "--stop-timeout", "100ms"});
    const auto mark = environment_of(holder.leader).at("ONCE_JOB");
    const auto actor = copy_for_others(scene, Scenario::actor_binary(), "theirs");
    const auto copier =
        scene.launch(as_neighbour({actor, "print-signals"}), {.environment = {{"ONCE_JOB", mark}}});
    const pid_t neighbour = copier.ready_pid();
    kill_both(holder);
    CHECK(scene.run({"once", "stop", "--stale"}).ending == exited(0));
    CHECK(scene.run({"once", "-n", "x", "--", "echo", "ran"}).stdout_text == "ran\n");
    CHECK(alive(neighbour));
    CHECK(copier.signal(SIGTERM));
    (void)copier.wait_ending();
    CHECK_THAT(copier.stdout_text(), has("signals 1\n"));
}

TEST_CASE("a server that never comes to an end of its answer is no http server",
          "[hostile][dependencies]") {
    Scenario scene;
    if (!is_root_or_warn("become another user")) return;
    const std::string hints = "HTTP/1.1 103 Early Hints\r\n\r\n";
    for (const auto& words :
         {hints, std::string(4096, 'x'), "HTTP/1.1 103 " + hints.substr(0, 9)}) {
        const auto other = babbler(scene, words);
        eventually([&] { return listening(scene.port()); }, "the neighbour listens");
        const auto refused = scene.run({"once", "-n", "x", "--wait-timeout", "300ms", "--wait-for",
                                        "http://127.0.0.1:" + std::to_string(scene.port()) + "/",
                                        "--", "echo", "ran"});
        CHECK(refused.ending == exited(69));
        CHECK(refused.stdout_text.empty());
        CHECK_THAT(refused.stderr_text, has("it does not speak http"));
    }
}

TEST_CASE("a redirection is an answer, and is not followed", "[hostile][dependencies]") {
    Scenario scene;
    if (!is_root_or_warn("become another user")) return;
    const auto other = babbler(
        scene, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    eventually([&] { return listening(scene.port()); }, "the neighbour listens");
    CHECK(scene
              .run({"once", "-n", "x", "--wait-for",
                    "http://127.0.0.1:" + std::to_string(scene.port()), "--", "echo", "ran"})
              .stdout_text == "ran\n");
}
