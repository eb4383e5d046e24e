// --force: who is never ended, and how that is said.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "forcing.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

std::string text(int number) { return std::to_string(number); }

void end_with_all_below(const Running& top) {
    const auto below = descendants(top.pid());
    top.signal(SIGKILL);
    (void)top.wait_ending();
    for (const pid_t pid : below) {
        (void)kill(pid, SIGKILL);
        eventually([&] { return !alive(pid); }, "it is gone");
    }
}

/// An actor under another name.
fs::path actor_called(Scenario& scene, const std::string& name) {
    const auto copy = scene.folder() / name;
    fs::copy_file(Scenario::actor_binary(), copy);
    return copy;
}

/// Neither way ends the stranger: 75, in these words, and everybody is as before.
void check_guarded(Scenario& scene, const std::string& words) {
    const auto before = listener_pids(scene.port());
    const auto everybody = scene.survivors().size();
    REQUIRE_FALSE(before.empty());
    auto dry = stop_by_force(scene);
    dry.insert(dry.begin() + 2, "--dry-run");
    for (const Command& command : {launch_by_force(scene), stop_by_force(scene), dry}) {
        const auto refused = scene.run(command);
        INFO(command.at(1).text << "\n" << refused.stderr_text);
        CHECK(refused.ending == exited(75));
        CHECK_THAT(refused.stderr_text, has("port " + text(scene.port()) + " is held by") &&
                                            has(words) && !has("ending "));
        CHECK(count(refused.stderr_text, "\n") == count("\n" + refused.stderr_text, "\nonce: "));
    }
    CHECK(listener_pids(scene.port()) == before);
    CHECK(scene.survivors().size() == everybody);
    CHECK_FALSE(fs::exists(scene.folder() / "done"));
    CHECK(state_files(scene, ".json").empty());
}

}  // namespace

TEST_CASE("of two strangers one is guarded: neither is signalled", "[force][guard]") {
    Scenario scene;
    const auto plain = scene.launch({"actor", "listen", scene.port(), "127.0.0.1"});
    const auto guarded =
        scene.launch({actor_called(scene, "docker-proxy"), "listen", scene.port(), "::1"});
    plain.wait_for_output("listening");
    guarded.wait_for_output("listening");
    check_guarded(scene, "docker ps --filter publish=" + text(scene.port()));
}

TEST_CASE("a launch on two ports, one of them guarded, ends nobody", "[force][guard]") {
    Scenario scene;
    const int other = scene.another_port();
    const auto holder = hold_port(scene);
    wait_until_inscribed(scene, holder);
    const auto guarded = scene.launch({actor_called(scene, "ssh"), "listen", other});
    guarded.wait_for_output("listening");
    const auto refused =
        scene.run({"once", "--force", "-p", scene.port(), "-p", other, "--", "true"});
    CHECK(refused.ending == exited(75));
    CHECK_FALSE(holder.once.ended());
    CHECK(alive(guarded.pid()));
}

TEST_CASE("guard: a stranger from which once descends is left alone", "[force][guard]") {
    Scenario scene;
    for (const Command& command : {stop_by_force(scene), launch_by_force(scene)}) {
        Command outer{"actor", "listen-and-run", scene.port()};
        outer.insert(outer.end(), command.begin(), command.end());
        const auto ancestor = scene.launch(outer);
        ancestor.wait_for_output("status 75\n");
        CHECK_THAT(ancestor.stderr_text(),
                   has("this command descends from it, so it is left alone"));
        CHECK(alive(ancestor.pid()));
        ancestor.signal(SIGTERM);
        CHECK(ancestor.wait_ending() == killed_by(SIGTERM));
    }
    CHECK_FALSE(fs::exists(scene.folder() / "done"));
}

TEST_CASE("guard: pid 1 is left alone", "[force][guard]") {
    if (!is_root_or_warn("make a pid namespace")) return;
    Scenario scene;
    // What the scenario mounts stays its own already; and in a chroot that cannot be changed.
    const auto container =
        scene.launch({"unshare", "--pid", "--fork", "--mount-proc", "--propagation", "unchanged",
                      "--kill-child", "actor", "ignore-term", scene.port()});
    container.wait_for_output("listening");
    const pid_t first = listener_pids(scene.port()).at(0);
    const auto refused = scene.run(
        {"nsenter", "-t", text(first), "-p", "-m", "-r", "once", "stop", "--force", scene.port()});
    CHECK(refused.ending == exited(75));
    CHECK_THAT(refused.stderr_text, has("pid 1 ('actor') has it open, so it is left alone"));
    CHECK(alive(first));
    end(first);
    (void)container.wait_ending();
}

TEST_CASE("guard: another pid namespace is a container, and left alone", "[force][guard]") {
    if (!is_root_or_warn("make a pid namespace")) return;
    Scenario scene;
    const auto container = scene.launch(
        {"unshare", "--pid", "--fork", "--kill-child", "actor", "listen", scene.port()});
    container.wait_for_output("listening");
    const pid_t inside = listener_pids(scene.port()).at(0);
    check_guarded(scene, "it runs in a container, so it is left alone; end it in there");
    end(inside);
    (void)container.wait_ending();
}

TEST_CASE("guard: another user's stranger is left alone, also by root", "[force][guard]") {
    if (!is_root_or_warn("become another user")) return;
    Scenario scene;
    const auto actor = actor_called(scene, "theirs");
    for (const auto& open : {scene.folder().parent_path(), scene.folder(), actor}) {
        REQUIRE(chmod(open.c_str(), 0755) == 0);
    }
    const auto other = scene.launch({"setpriv", "--reuid", "65534", "--regid", "65534",
                                     "--clear-groups", actor, "listen", scene.port()});
    other.wait_for_output("listening");
    check_guarded(scene,
                  "it belongs to the user nobody, so it is left alone; to end it: sudo kill " +
                      text(other.pid()));
}

TEST_CASE("guard: what we may not see is left alone", "[force][guard]") {
    if (!is_root_or_warn("become another user")) return;
    Scenario scene;
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    const auto once = scene.folder() / "once";
    fs::copy_file(Scenario::once_binary(), once);
    for (const auto& open : {scene.folder().parent_path(), scene.folder(), once}) {
        REQUIRE(chmod(open.c_str(), 0755) == 0);
    }
    const auto state = scene.another_folder("nobodys");
    REQUIRE(chown(state.c_str(), 65534, 65534) == 0);
    const Command as_nobody{"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"};
    for (auto command : {stop_by_force(scene), launch_by_force(scene)}) {
        command.front() = once;
        command.insert(command.begin(), as_nobody.begin(), as_nobody.end());
        const auto refused =
            scene.run(command, {.environment = {{"ONCE_STATE_DIR", state.string()}}});
        CHECK(refused.ending == exited(75));
        CHECK_THAT(refused.stderr_text, has("of the user root that we may not see") &&
                                            has("sudo ss -ltnp 'sport = :" + text(scene.port())));
    }
    CHECK(alive(stranger.pid()));
}

TEST_CASE("guard: tunnels and container proxies are left alone", "[force][guard]") {
    Scenario scene;
    const std::string publishes =
        "it publishes a container's port, so it is left alone; to see whose: docker ps --filter "
        "publish=" +
        text(scene.port());
    const auto forwards = [](const std::string& name) {
        return "it forwards the port elsewhere (" + name + "), so it is left alone";
    };
    const std::vector<std::pair<std::string, std::string>> programs{
        {"docker-proxy", publishes},      {"slirp4netns", publishes},
        {"ssh", forwards("ssh")},         {"sshd", forwards("sshd")},
        {"autossh", forwards("autossh")}, {"kubectl", forwards("kubectl")}};
    for (const auto& [name, words] : programs) {
        INFO(name);
        const auto stranger = scene.launch(
            {actor_called(scene, name), "listen", scene.port(), "127.0.0.1", "port-forward"});
        stranger.wait_for_output("listening");
        check_guarded(scene, words);
        stranger.signal(SIGTERM);
        CHECK(stranger.wait_ending() == killed_by(SIGTERM));
    }
}

TEST_CASE("guard: kubectl that forwards nothing is a stranger like others", "[force][guard]") {
    Scenario scene;
    const auto stranger =
        scene.launch({actor_called(scene, "kubectl"), "listen", scene.port(), "127.0.0.1"});
    stranger.wait_for_output("listening");
    CHECK(scene.run(stop_by_force(scene)).ending == exited(0));
    CHECK(stranger.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("guard: an app of pm2 is left alone, by its environment", "[force][guard]") {
    Scenario scene;
    const auto pm2 = actor_called(scene, "PM2 v7.0: God D");
    struct App {
        std::string name, words;
    };
    for (const auto& app :
         {App{"my-app", "pm2 stop my-app"}, App{"a $(reboot) b", "pm2 stop 'a $(reboot) b'"},
          App{"", "pm2 stop NAME (pm2 list has it)"}}) {
        INFO(app.name);
        const auto daemon = scene.launch({pm2, "relay", "sh", "-c", listener(scene) + "; :"},
                                         {.environment = {{"pm_id", "0"}, {"name", app.name}}});
        daemon.wait_for_output("listening");
        check_guarded(scene,
                      "pm2 keeps it running, and would start it again; to end it: " + app.words);
        end_with_all_below(daemon);
    }
}

TEST_CASE("guard: what a supervisor keeps running is left alone", "[force][guard]") {
    Scenario scene;
    for (const std::string& name : std::initializer_list<std::string>{
             "runsv", "supervisord", "s6-supervise", "overmind", "PM2 v5.3: God D"}) {
        INFO(name);
        for (const Command& job : {Command{"actor", "listen", scene.port()},
                                   Command{"sh", "-c", listener(scene) + "; :"}}) {
            const auto copy = scene.folder() / name;
            fs::remove(copy);
            Command command{actor_called(scene, name), "relay"};
            command.insert(command.end(), job.begin(), job.end());
            const auto supervisor = scene.launch(command);
            supervisor.wait_for_output("listening");
            check_guarded(scene, name + " keeps it running, and would start it again");
            end_with_all_below(supervisor);
        }
    }
}

TEST_CASE("guard: a socket that systemd handed over is left alone", "[force][guard]") {
    Scenario scene;
    const auto service =
        scene.launch({"sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec " + listener(scene)});
    service.wait_for_output("listening");
    check_guarded(scene, "systemd listens there itself, for a socket unit");
}
