// A port on which somebody listens whom once has not started: named, described, left alone.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "holding.hpp"

using namespace once::test;

namespace {

constexpr unsigned nobody = 65534;

/// A listener that belongs to another user: a child of this process.
class OtherUser {
public:
    explicit OtherUser(int port) {
        sockaddr_in place{};
        place.sin_family = AF_INET;
        place.sin_port = htons(static_cast<in_port_t>(port));
        place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        pid_ = fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            // A socket belongs to the user who made it.
            const int own = setuid(nobody) == 0 ? socket(AF_INET, SOCK_STREAM, 0) : -1;
            if (bind(own, reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0 ||
                listen(own, 1) != 0) {
                _exit(1);
            }
            for (;;) pause();
        }
        eventually([&] { return listening(port); }, "another user listens");
    }
    ~OtherUser() {
        (void)kill(pid_, SIGKILL);
        (void)waitpid(pid_, nullptr, 0);
    }
    OtherUser(const OtherUser&) = delete;
    OtherUser& operator=(const OtherUser&) = delete;

    pid_t pid() const { return pid_; }

private:
    pid_t pid_ = 0;
};

std::string port_text(Scenario& scene) { return "port " + std::to_string(scene.port()); }

}  // namespace

TEST_CASE("a stranger on any address is refused, named, and not signalled", "[ports][stranger]") {
    Scenario scene;
    for (const char* address : {"127.0.0.1", "0.0.0.0", "::1", "::", "127.0.0.2"}) {
        INFO(address);
        const auto stranger = scene.launch({"actor", "listen", scene.port(), address});
        stranger.wait_for_output("listening");
        for (const char* policy : {"--replace", "--refuse", "--reuse", "-w100ms"}) {
            const auto refused =
                scene.run({"once", policy, "-p", scene.port(), "--", "echo", "ran"});
            CHECK(refused.ending == exited(75));
            CHECK(refused.stdout_text.empty());
            CHECK_THAT(refused.stderr_text, has(port_text(scene)) && has("'actor listen ") &&
                                                has(pid_text(stranger.pid())));
        }
        CHECK(alive(stranger.pid()));
        stranger.signal(SIGTERM);
        CHECK(stranger.wait_ending() == killed_by(SIGTERM));
    }
    CHECK(state_files(scene, ".json").empty());
}

TEST_CASE("a stranger gets no signal at all", "[ports][stranger]") {
    Scenario scene;
    const auto stranger = scene.launch(
        {"sh", "-c",
         "actor listen " + std::to_string(scene.port()) + " & exec actor print-signals"});
    stranger.wait_for_output("listening");
    (void)scene.run({"once", "-p", scene.port(), "--", "true"});
    CHECK(listening(scene.port()));
    REQUIRE(kill(listener_pids(scene.port()).at(0), SIGTERM) == 0);
    stranger.signal(SIGTERM);
    CHECK(stranger.wait_ending() == exited(0));
    CHECK_THAT(stranger.stdout_text(), has("signals 1\n"));
}

TEST_CASE("a stranger is described: command, pid, folder, age, starter, and how to end it",
          "[ports][stranger]") {
    Scenario scene;
    const auto elsewhere = scene.another_folder("elsewhere");
    const auto stranger = scene.launch({"actor", "listen", scene.port()}, {.folder = elsewhere});
    stranger.wait_for_output("listening");
    const auto refused = scene.run({"once", "-p", scene.port(), "--", "true"}).stderr_text;
    const std::string self = std::to_string(getpid());
    CHECK_THAT(refused, has(port_text(scene) + " is held by 'actor listen " +
                            std::to_string(scene.port()) + "' " + pid_text(stranger.pid())) &&
                            has(" in " + elsewhere.string() + ", started ") && has(" by ") &&
                            has("(pid " + self + ")") &&
                            has("kill " + std::to_string(stranger.pid())));
    CHECK(count(refused, "\n") == count("\n" + refused, "\nonce: "));
}

TEST_CASE("a stranger below a launcher is named with the chain, and ended from its top",
          "[ports][stranger]") {
    Scenario scene;
    const auto shell = scene.launch(
        {"sh", "-c", "sh -c 'actor listen " + std::to_string(scene.port()) + "; :'; :"});
    shell.wait_for_output("listening");
    const pid_t listener = shell.ready_pid();
    const pid_t launcher = parent_of(listener);
    const auto refused = scene.run({"once", "-p", scene.port(), "--", "true"}).stderr_text;
    const auto top = std::to_string(shell.pid());
    const auto middle = std::to_string(launcher);
    const auto last = std::to_string(listener);
    CHECK_THAT(refused, has("sh (" + top + ") > sh (" + middle + ") > actor (" + last + ")"));
    CHECK_THAT(refused, has("once stop --force " + std::to_string(scene.port()) + ", or kill " +
                            top + " " + middle + " " + last));
    REQUIRE(kill(listener, SIGTERM) == 0);
    CHECK(shell.wait_ending() == exited(0));
}

TEST_CASE("a runner with other children is never what the way to end a stranger names",
          "[ports][stranger]") {
    Scenario scene;
    const auto runner = scene.launch({"sh", "-c",
                                      "sh -c 'actor ignore-term & actor listen " +
                                          std::to_string(scene.port()) + " & wait'; :"});
    runner.wait_for_output("listening");
    const pid_t listener = listener_pids(scene.port()).at(0);
    eventually([&] { return children_of(parent_of(listener)).size() == 2; }, "both run");
    const auto refused = scene.run({"once", "-p", scene.port(), "--", "true"}).stderr_text;
    CHECK_THAT(refused, has("kill " + std::to_string(listener)));
    for (const pid_t pid : descendants(runner.pid())) (void)kill(pid, SIGKILL);
}

TEST_CASE("two strangers on one port are both named", "[ports][stranger]") {
    Scenario scene;
    const auto four = scene.launch({"actor", "listen", scene.port(), "0.0.0.0"});
    const auto six = scene.launch({"actor", "listen", scene.port(), "::1"});
    four.wait_for_output("listening");
    six.wait_for_output("listening");
    const auto refused = scene.run({"once", "-p", scene.port(), "--", "true"}).stderr_text;
    CHECK_THAT(refused, has(pid_text(four.pid())) && has(pid_text(six.pid())));
}

TEST_CASE("a stranger with control characters in its command cannot write on a terminal",
          "[ports][stranger]") {
    Scenario scene;
    const auto stranger = scene.launch(
        {"actor", "listen", scene.port(), "127.0.0.1", "\x1b[2J\nonce: all is well\x9b\xc2\x9b"});
    stranger.wait_for_output("listening");
    const auto refused = scene.run({"once", "-p", scene.port(), "--", "true"}).stderr_text;
    CHECK_THAT(refused, !has("\x1b") && !has("\nonce: all is well") && !has("\xc2\x9b"));
}

TEST_CASE("another user's stranger is named with the user, and left alone", "[ports][stranger]") {
    if (!is_root_or_warn("become another user")) return;
    Scenario scene;
    const OtherUser other(scene.port());
    scene.forgive(other.pid());
    const auto refused = scene.run({"once", "-p", scene.port(), "--", "true"});
    CHECK(refused.ending == exited(75));
    CHECK_THAT(refused.stderr_text, has("of the user nobody") && has(pid_text(other.pid())));
    CHECK_THAT(refused.stderr_text, has("sudo kill " + std::to_string(other.pid())));
    CHECK(alive(other.pid()));
}

TEST_CASE("a stranger that we may not see is told with its user, and the way to see it",
          "[ports][stranger]") {
    if (!is_root_or_warn("become another user")) return;
    Scenario scene;
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    const auto copy = scene.folder() / "once";
    std::filesystem::copy_file(Scenario::once_binary(), copy);
    for (const auto& open : {scene.folder().parent_path(), scene.folder(), copy}) {
        REQUIRE(chmod(open.c_str(), 0755) == 0);
    }
    const auto state = scene.another_folder("nobodys");
    REQUIRE(chown(state.c_str(), nobody, nobody) == 0);
    const auto refused = scene.run({"setpriv", "--reuid", "65534", "--regid", "65534",
                                    "--clear-groups", copy, "-p", scene.port(), "--", "true"},
                                   {.environment = {{"ONCE_STATE_DIR", state.string()}}});
    CHECK(refused.ending == exited(75));
    CHECK_THAT(refused.stderr_text, has(port_text(scene)) && has("of the user root") &&
                                        has("sudo ss -ltnp") && has(std::to_string(scene.port())));
}

TEST_CASE("the option --wait waits until a stranger's port is free, and says for whom",
          "[ports][wait]") {
    Scenario scene;
    for (const char* address : {"127.0.0.1", "::"}) {
        const auto stranger = scene.launch({"actor", "listen", scene.port(), address});
        stranger.wait_for_output("listening");
        const auto waiting = scene.launch({"once", "--wait", "-p", scene.port(), "echo", "ran"});
        waiting.wait_for_error("waiting");
        CHECK_THAT(waiting.stderr_text(), has(pid_text(stranger.pid())));
        CHECK(waiting.stdout_text().empty());
        stranger.signal(SIGTERM);
        CHECK(waiting.wait_ending() == exited(0));
        CHECK(waiting.stdout_text() == "ran\n");
    }
}

TEST_CASE("who waits for a stranger holds the slot meanwhile: another launch is refused",
          "[ports][wait]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    const auto waiting = scene.launch({"once", "--wait", "-p", scene.port(), "--", "true"});
    waiting.wait_for_error("waiting");
    CHECK(scene.run({"once", "--refuse", "-p", scene.port(), "--", "true"}).ending == exited(75));
    waiting.signal(SIGTERM);
    CHECK(waiting.wait_ending() == killed_by(SIGTERM));
    CHECK(alive(stranger.pid()));
}

TEST_CASE("a stranger that takes the port after the launch: the job is stopped, 75, it is named",
          "[ports][stranger]") {
    Scenario scene;
    for (const char* address : {"127.0.0.1", "::1"}) {
        const auto once =
            scene.launch({"once", "-p", scene.port(), "--", "actor", "print-signals"});
        const pid_t leader = once.ready_pid();
        const auto stranger = scene.launch({"actor", "listen", scene.port(), address});
        stranger.wait_for_output("listening");
        CHECK(once.wait_ending() == exited(75));
        CHECK_THAT(once.stderr_text(), has(port_text(scene)) && has(pid_text(stranger.pid())) &&
                                           has("kill " + std::to_string(stranger.pid())));
        CHECK_THAT(once.stdout_text(), has("got SIGTERM"));
        CHECK_FALSE(alive(leader));
        CHECK(alive(stranger.pid()));
        stranger.signal(SIGTERM);
        (void)stranger.wait_ending();
    }
}

TEST_CASE("a stranger that comes after the job listens is not the job's business",
          "[ports][stranger]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    eventually(
        [&] {
            const auto status = scene.run({"once", "status", "--json"}).stdout_text;
            return !json_value(status, "ready_since").empty();
        },
        "once has seen its job listen");
    const auto stranger = scene.launch({"actor", "listen", scene.port(), "::1"});
    stranger.wait_for_output("listening");
    CHECK(scene.run({"once", "--refuse", "-p", scene.port(), "--", "true"}).ending == exited(75));
    CHECK_FALSE(holder.once.ended());
}

TEST_CASE("a launch with several ports is refused for a stranger on any of them",
          "[ports][stranger]") {
    Scenario scene;
    const int other = scene.another_port();
    const auto stranger = scene.launch({"actor", "listen", other});
    stranger.wait_for_output("listening");
    const auto refused = scene.run({"once", "-p", scene.port(), "-p", other, "--", "echo", "ran"});
    CHECK(refused.ending == exited(75));
    CHECK(refused.stdout_text.empty());
    CHECK_THAT(refused.stderr_text, has("port " + std::to_string(other) + " is held"));
    CHECK(scene.run({"once", "--refuse", "-p", scene.port(), "--", "true"}).ending == exited(0));
}

TEST_CASE("a holder is not ended for a launch that a stranger beside it then refuses",
          "[ports][stranger]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    wait_until_inscribed(scene, holder);
    const auto stranger = scene.launch({"actor", "listen", scene.port(), "::1"});
    stranger.wait_for_output("listening");
    const auto refused = scene.run({"once", "-p", scene.port(), "--", "true"});
    CHECK(refused.ending == exited(75));
    CHECK_THAT(refused.stderr_text, has("actor listen"));
    CHECK(alive(stranger.pid()));
    CHECK_FALSE(holder.once.ended());
    CHECK(scene.run({"once", "--force", "-p", scene.port(), "--", "true"}).ending == exited(0));
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
    CHECK(stranger.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("what a crashed job left on one port is swept for a launch that replaces at another",
          "[ports][crash]") {
    Scenario scene;
    const auto crashed = hold_with_child(scene, {"-p", scene.port()});
    kill_both(crashed);
    const int other = scene.another_port();
    const auto holder = scene.launch(with_options({"-p", other}, job(scene, other)));
    holder.wait_for_output("listening");
    const auto both = scene.run({"once", "-p", scene.port(), "-p", other, "--", "true"});
    CHECK(both.ending == exited(0));
    CHECK_THAT(both.stderr_text, has("sweeping") && has("replaced 'actor lock"));
    CHECK(holder.wait_ending() == killed_by(SIGTERM));
}
