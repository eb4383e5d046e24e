// Holders of a port who are never ended, whatever `once` is told.

#include "catch.hpp"
#include "claim/guard.hpp"
#include "contenders.hpp"
#include "trees.hpp"

using namespace once::test;
using once::claim::find_strangers;
using once::claim::Guard;
using once::fake::world;
using Kind = once::claim::Guard::Kind;

namespace {

const std::string a_container(64, 'a');
const std::string user_slice = "0::/user.slice/user-1000.slice/";
const std::string user_manager = user_slice + "user@1000.service/";

std::optional<Guard> guard() {
    const auto strangers = find_strangers(port);
    REQUIRE(strangers.size() == 1);
    return guard_of(strangers.front());
}

std::string advice() {
    const auto strangers = find_strangers(port);
    REQUIRE(strangers.size() == 1);
    const auto found = guard_of(strangers.front());
    return found ? once::claim::advice(*found, strangers.front()) : std::string("none");
}

void check(Kind kind, const std::string& name, bool of_user = false) {
    const auto found = guard();
    REQUIRE(found);
    CHECK(once::claim::name_of(found->kind) == once::claim::name_of(kind));
    CHECK(found->name == name);
    CHECK(found->of_user == of_user);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// A server with nobody of note above it.
once::fake::Actor& put_server(const std::string& command = "node server.js") {
    set_the_stage();
    put(their_terminal, 1, "-bash");
    auto& server = put(310, their_terminal, command);
    server.ports = {port};
    return server;
}

}  // namespace

TEST_CASE("a job of ours that somebody started in a terminal has no guard") {
    set_the_stage();
    put_npm_job();
    CHECK_FALSE(guard());
    (void)put_server();
    CHECK_FALSE(guard());
}

TEST_CASE("a job that has lost its parents has no guard") {
    put_server().facts.parent = 1;
    CHECK_FALSE(guard());
    put_server().facts.parent = 400;
    put(400, 1, "/lib/systemd/systemd --user", 400);
    CHECK_FALSE(guard());
}

TEST_CASE("whom we descend from is guarded") {
    set_the_stage();
    world().actors[our_shell].ports = {port};
    check(Kind::ancestor, "bash");
    CHECK(contains(advice(), "descends from it"));
}

TEST_CASE("pid 1 is guarded") {
    set_the_stage();
    world().actors[1].ports = {port};
    check(Kind::first, "init");
    CHECK(contains(advice(), "pid 1 ('init')"));
}

TEST_CASE("what another user has is guarded") {
    put_server().owner = 33;
    check(Kind::foreign_user, "somebody");
    CHECK(contains(advice(), "sudo kill 310"));
}

TEST_CASE("a socket that another user opened is guarded, whoever has it now") {
    put_server().ports.clear();
    world().sockets[1] = {port, {310}, 33};
    check(Kind::foreign_user, "somebody");
}

TEST_CASE("a job is guarded if one of its processes is another user's") {
    set_the_stage();
    put_npm_job();
    world().add(320, 313, "sudo").owner = 0;
    world().actors[320].facts.session = their_terminal;
    check(Kind::foreign_user, "somebody");
}

TEST_CASE("what nobody tells us of is guarded") {
    set_the_stage();
    world().sockets[1] = {port, {}, 1000, true};
    check(Kind::unseen, "");
    CHECK(contains(advice(), "sudo ss -ltnp 'sport = :8001'"));
}

TEST_CASE("a systemd service is guarded") {
    put_server().control_group = "0::/system.slice/app.service\n";
    check(Kind::unit, "app.service");
    CHECK(contains(advice(), "systemctl stop app.service"));
}

TEST_CASE("a service of another user is one of systemd first") {
    auto& server = put_server();
    server.control_group = "0::/system.slice/nginx.service\n";
    server.owner = 0;
    check(Kind::unit, "nginx.service");
}

TEST_CASE("a service of systemd --user is guarded") {
    put_server().control_group = user_manager + "app.slice/app.service\n";
    check(Kind::unit, "app.service", true);
    CHECK(contains(advice(), "systemctl --user stop app.service"));
}

TEST_CASE("what is in another session or another terminal is no service") {
    for (const auto& group : {user_slice + "session-7.scope\n", user_manager + "init.scope\n",
                              user_manager + "app.slice/app-konsole-1.scope\n", std::string()}) {
        put_server().control_group = group;
        CAPTURE(group);
        CHECK_FALSE(guard());
    }
}

TEST_CASE("the service in which we are ourselves is no guard") {
    // A CI runner: what an earlier build has left is in its service, as we are.
    const std::string group = "0::/system.slice/ci-runner.service\n";
    put_server().control_group = group;
    world().actors[our_once].control_group = group;
    CHECK_FALSE(guard());
    world().actors[our_once].control_group = "0::/system.slice/another.service\n";
    check(Kind::unit, "ci-runner.service");
}

TEST_CASE("what systemd listens on itself, for a socket unit, is guarded") {
    set_the_stage();
    SECTION("the machine's") {
        world().actors[1].facts.name = "systemd";
        world().actors[1].ports = {port};
        check(Kind::socket_unit, "");
        CHECK(contains(advice(), "systemctl list-sockets"));
    }
    SECTION("a user's, that has given it to a service as well") {
        put(400, 1, "/lib/systemd/systemd --user", 400);
        put(401, 400, "node server.js", 401).control_group = user_manager + "app.service\n";
        world().share(port, {401, 400});
        check(Kind::socket_unit, "", true);
        CHECK(contains(advice(), "systemctl --user list-sockets"));
    }
}

TEST_CASE("a server that was given its socket by systemd is guarded") {
    auto& server = put_server();
    server.control_group = user_manager + "app.slice/app.service\n";
    server.environment["LISTEN_PID"] = "310";
    check(Kind::socket_unit, "app.service", true);
    // The variable that a parent of its was given is not its own.
    put_server().environment["LISTEN_PID"] = "300";
    CHECK_FALSE(guard());
}

TEST_CASE("an app of pm2 is guarded") {
    auto& server = put_server();
    put_pm2(400);
    server.facts.parent = 400;
    server.environment = {{"pm_id", "0"}, {"name", "api"}};
    check(Kind::pm2, "api");
    CHECK(contains(advice(), "pm2 stop api"));
    server.environment = {{"pm_id", "0"}};
    check(Kind::pm2, "");
    CHECK(contains(advice(), "pm2 list"));
    server.environment = {{"pm_id", "0"}, {"name", "a'; rm -rf /"}};
    CHECK_FALSE(contains(advice(), "stop a'"));
}

TEST_CASE("below an app of pm2 the server is guarded, whatever it was started with") {
    set_the_stage();
    put_npm_job();
    put_pm2(400);
    world().actors[310].facts.parent = 400;
    world().actors[310].environment = {{"pm_id", "3"}, {"name", "web"}};
    check(Kind::pm2, "web");
}

TEST_CASE("below pm2's daemon everybody is guarded") {
    put_server().facts.parent = 400;
    put_pm2(400);
    check(Kind::supervisor, "PM2 v5.3.0: God");
}

TEST_CASE("a container is guarded, by its control group") {
    put_server().control_group = "0::/system.slice/docker-" + a_container + ".scope\n";
    check(Kind::container, a_container);
    CHECK(contains(advice(), "docker stop aaaaaaaaaaaa "));
}

TEST_CASE("a container is guarded, by its pid namespace") {
    put_server().pid_namespace = 77;
    check(Kind::container, "");
    CHECK(contains(advice(), "runs in a container"));
}

TEST_CASE("the container in which we are ourselves is no guard") {
    const std::string group = "1:name=systemd:/docker/" + a_container + '\n';
    put_server().control_group = group;
    world().actors[our_once].control_group = group;
    CHECK_FALSE(guard());
}

TEST_CASE("what publishes a container's port is guarded") {
    for (const std::string program : {"docker-proxy", "rootlesskit", "slirp4netns", "pasta"}) {
        (void)put_server("/usr/bin/" + program + " -host-port 8001");
        check(Kind::container_proxy, program);
        CHECK(contains(advice(), "docker ps --filter publish=8001"));
    }
}

TEST_CASE("tunnels are guarded") {
    for (const std::string program : {"ssh", "sshd", "sshd-session", "autossh"}) {
        (void)put_server("/usr/bin/" + program + " -L 8001:localhost:80 host");
        check(Kind::tunnel, program);
        CHECK(contains(advice(), "kill 310"));
    }
    (void)put_server("kubectl port-forward svc/app 8001:80");
    check(Kind::tunnel, "kubectl");
    (void)put_server("kubectl proxy");
    CHECK_FALSE(guard());
    (void)put_server("/home/me/.vscode-server/bin/0123/node server.js");
    check(Kind::tunnel, "VS Code's remote server");
}

TEST_CASE("what a supervisor has started is guarded") {
    for (const std::string supervisor :
         {"/usr/bin/python3 /usr/bin/supervisord -n", "runsv app", "s6-supervise app"}) {
        put_server().facts.parent = 400;
        put(400, 1, supervisor);
        check(Kind::supervisor, world().actors[400].facts.name);
        CHECK(contains(advice(), "would start it again"));
    }
}

TEST_CASE("what a supervisor's child has started is guarded as well") {
    set_the_stage();
    put_npm_job();
    put(400, 1, "supervisord");
    world().actors[310].facts.parent = 400;
    check(Kind::supervisor, "supervisord");
}
