// tmux: its server is the deliberate daemon that a sweeper once killed behind a person's back.

#include <signal.h>

#include <algorithm>

#include "aftermath.hpp"
#include "catch.hpp"
#include "holding.hpp"

using namespace once::test;

namespace {

/// A tmux of this scenario alone. Its server is forgiven, and ended at the end.
class Tmux {
public:
    explicit Tmux(Scenario& scene) : scene_(scene) {
        scene.set("LC_ALL", "C.UTF-8");
        scene.set("TERM", "screen");
        scene.set("SHELL", "/bin/sh");
        scene.set("TMUX_TMPDIR", scene.another_folder("tmux").string());
    }
    ~Tmux() { (void)scene_.run({"tmux", "kill-server"}); }
    Tmux(const Tmux&) = delete;
    Tmux& operator=(const Tmux&) = delete;

    bool is_installed() {
        const bool is = scene_.run({"sh", "-c", "command -v tmux"}).ending == exited(0);
        if (!is) WARN("skipped: tmux is not installed");
        return is;
    }
    std::string ask(const Command& words) {
        Command command = {"tmux"};
        command.insert(command.end(), words.begin(), words.end());
        return scene_.run(command).stdout_text;
    }
    /// When the server answers, it has signed off the panes that are gone (a child of its own,
    /// utempter, does that).
    void await_windows(int number) {
        eventually([&] { return count(ask({"list-windows"}), "\n") == number; },
                   "as many windows are left as are to stay");
    }
    pid_t server() { return std::stoi("0" + ask({"display-message", "-p", "#{pid}"})); }
    bool runs() { return scene_.run({"tmux", "has-session"}).ending == exited(0); }

private:
    Scenario& scene_;
};

std::string listening_job(Scenario& scene) {
    return "once -p " + std::to_string(scene.port()) + " -- actor listen " +
           std::to_string(scene.port());
}

/// A job that listens, and has started a tmux server with two panes: a shell, and one that ignores
/// TERM.
Holder hold_with_panes(Scenario& scene, const Command& options = {}) {
    Command words = {"once", "-p", scene.port()};
    words.insert(words.end(), options.begin(), options.end());
    for (const Word& word :
         {Word("--"), Word("sh"), Word("-c"),
          Word("tmux new-session -d; tmux new-window 'actor ignore-term'; exec actor listen " +
               std::to_string(scene.port()))}) {
        words.push_back(word);
    }
    const auto once = scene.launch(words);
    once.wait_for_output("listening");
    const Holder holder{once, once.ready_pid()};
    wait_until_inscribed(scene, holder);
    return holder;
}

/// The server lives with both panes; all of them are forgiven.
void check_panes_live(Scenario& scene, pid_t server) {
    CHECK(alive(server));
    CHECK(children_of(server).size() == 2);
    scene.forgive(server);
    for (const pid_t pid : descendants(server)) scene.forgive(pid);
}

}  // namespace

TEST_CASE("a tmux server that a job has started outlives the job", "[tmux][daemons]") {
    Scenario scene;
    Tmux tmux(scene);
    if (!tmux.is_installed()) return;
    const auto once = scene.run(
        {"once", "-p", scene.port(), "--", "tmux", "new-session", "-d", "actor ignore-term"});
    CHECK(once.ending == exited(0));
    REQUIRE(tmux.runs());
    const pid_t server = tmux.server();
    CHECK(alive(server));
    eventually(
        [&] {
            const auto survivors = scene.survivors();
            return std::any_of(survivors.begin(), survivors.end(), [](const Process& one) {
                return command_of(one.pid) == std::vector<std::string>{"actor", "ignore-term"};
            });
        },
        "its pane runs");
    for (const Process& one : scene.survivors()) scene.forgive(one.pid);
    CHECK(children_of(server).size() == 1);
    check_nothing_left(scene);
}

TEST_CASE("the option --sweep-daemons ends a tmux server that a job has started",
          "[tmux][daemons]") {
    Scenario scene;
    Tmux tmux(scene);
    if (!tmux.is_installed()) return;
    const auto once = scene.run({"once", "--sweep-daemons", "--stop-timeout", "200ms", "--", "tmux",
                                 "new-session", "-d", "actor ignore-term"});
    CHECK(once.ending == exited(0));
    CHECK_FALSE(tmux.runs());
    check_nothing_left(scene);
}

TEST_CASE("a tmux server that a job's server has started stays when the job is stopped",
          "[tmux][daemons]") {
    Scenario scene;
    Tmux tmux(scene);
    if (!tmux.is_installed()) return;
    const auto once = scene.launch({"once", "-p", scene.port(), "--", "sh", "-c",
                                    "tmux new-session -d 'actor ignore-term'; exec actor listen " +
                                        std::to_string(scene.port())});
    once.wait_for_output("listening");
    SECTION("by TERM") { once.signal(SIGTERM); }
    SECTION("by KILL") { once.signal(SIGKILL); }
    (void)once.wait_ending();
    eventually([&] { return !listening(scene.port()); }, "the job has ended");
    REQUIRE(tmux.runs());
    const pid_t server = tmux.server();
    scene.forgive(server);
    for (const pid_t pid : descendants(server)) scene.forgive(pid);
    await_nothing_left(scene);
}

TEST_CASE("the panes of a tmux server are spared with it: by stop, and by the next launch",
          "[tmux][daemons][stop]") {
    Scenario scene;
    Tmux tmux(scene);
    if (!tmux.is_installed()) return;
    const auto holder = hold_with_panes(scene, {"--stop-timeout", "300ms"});
    const pid_t server = tmux.server();
    SECTION("stop") { CHECK(scene.run({"once", "stop", scene.port()}).ending == exited(0)); }
    SECTION("the next launch") {
        CHECK(scene.run({"once", "-p", scene.port(), "--", "true"}).ending == exited(0));
    }
    (void)holder.once.wait_ending();
    check_panes_live(scene, server);
    check_nothing_left(scene);
}

TEST_CASE("the option --sweep-daemons ends the panes of a tmux server, too", "[tmux][daemons]") {
    Scenario scene;
    Tmux tmux(scene);
    if (!tmux.is_installed()) return;
    const auto holder = hold_with_panes(scene, {"--sweep-daemons", "--stop-timeout", "300ms"});
    holder.once.signal(SIGTERM);
    (void)holder.once.wait_ending();
    CHECK_FALSE(tmux.runs());
    check_nothing_left(scene);
}

TEST_CASE("a crashed job of which only a tmux server is left has left nothing to sweep",
          "[tmux][daemons][crash]") {
    Scenario scene;
    Tmux tmux(scene);
    if (!tmux.is_installed()) return;
    const auto holder = hold_with_panes(scene);
    const pid_t server = tmux.server();
    kill_both(holder);
    CHECK(scene.run({"once", "status"}).stderr_text == "once: nothing is held\n");
    const auto stale = scene.run({"once", "stop", "--stale"});
    CHECK(stale.ending == exited(1));
    CHECK(stale.stderr_text == "once: no crashed job has left anything\n");
    const auto next = scene.run({"once", "-p", scene.port(), "--", "true"});
    CHECK(next.ending == exited(0));
    CHECK(next.stderr_text.empty());
    check_panes_live(scene, server);
    check_nothing_left(scene);
}

TEST_CASE("what listens in a pane is ended alone, and not the job that has started tmux",
          "[tmux][daemons][force]") {
    Scenario scene;
    Tmux tmux(scene);
    if (!tmux.is_installed()) return;
    const auto holder = hold_with_panes(scene);
    const pid_t server = tmux.server();
    const int port = scene.another_port();
    (void)tmux.ask({"new-window", "actor listen " + std::to_string(port)});
    eventually([&] { return listening(port); }, "the pane listens");
    CHECK_THAT(scene.run({"once", "who", port}).stdout_text, has("it was not started by once"));
    CHECK(scene.run({"once", "stop", "--force", port}).ending == exited(0));
    CHECK_FALSE(listening(port));
    CHECK(alive(holder.leader));
    CHECK_FALSE(holder.once.ended());
    holder.once.signal(SIGTERM);
    (void)holder.once.wait_ending();
    tmux.await_windows(2);
    check_panes_live(scene, server);
    check_nothing_left(scene);
}

TEST_CASE("closing the pane of a job leaves nothing of it", "[tmux]") {
    Scenario scene;
    for (const char* way : {"kill-pane", "kill-session", "kill-server"}) {
        INFO(way);
        Tmux tmux(scene);
        if (!tmux.is_installed()) return;
        (void)tmux.ask({"new-session", "-d", listening_job(scene)});
        eventually([&] { return listening(scene.port()); }, "the job listens");
        const pid_t leader = listener_pids(scene.port()).front();
        CHECK(group_of(leader) == group_of(once_above(leader)));
        (void)tmux.ask({way});
        await_nothing_left(scene);
    }
}

TEST_CASE("a Ctrl-C in a pane ends the job", "[tmux]") {
    Scenario scene;
    Tmux tmux(scene);
    if (!tmux.is_installed()) return;
    (void)tmux.ask({"new-session", "-d", "-n", "keep", "actor ignore-term"});
    (void)tmux.ask({"new-window", "-n", "job", listening_job(scene)});
    eventually([&] { return listening(scene.port()); }, "the job listens");
    (void)tmux.ask({"send-keys", "-t", "job", "C-c"});
    const pid_t server = tmux.server();
    scene.forgive(server);
    tmux.await_windows(1);
    for (const pid_t pid : descendants(server)) scene.forgive(pid);
    await_nothing_left(scene);
}
