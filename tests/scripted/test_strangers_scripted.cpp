// Whole jobs behind a port, found from outside.

#include <algorithm>

#include "catch.hpp"
#include "contenders.hpp"
#include "trees.hpp"

using namespace once::test;
using once::claim::find_strangers;
using once::claim::Stranger;
using once::fake::world;
using Pids = std::vector<int>;

namespace {

// The one job behind the port.
Stranger found() {
    const auto strangers = find_strangers(port);
    REQUIRE(strangers.size() == 1);
    return strangers.front();
}

Pids roots() { return pids_of(found().roots); }
Pids members() { return pids_of(found().members); }

}  // namespace

TEST_CASE("the way up leads through npm, a shell with a command and a watcher") {
    set_the_stage();
    put_npm_job();
    const auto job = found();
    CHECK(pids_of(job.roots) == Pids{310});
    CHECK(pids_of(job.members) == Pids{310, 311, 312, 313});
    CHECK(job.sharers == Pids{313});
    CHECK(job.members.front().id.pid == 310);
    REQUIRE(job.sockets.size() == 1);
    CHECK(job.sockets.front().port == port);
}

TEST_CASE("nobody listens: nobody is found") {
    set_the_stage();
    put(310, 1, "nginx").ports = {port + 1};
    CHECK(find_strangers(port).empty());
}

TEST_CASE("the way up ends below a shell that somebody types into") {
    for (const std::string shell : {"-bash", "bash", "/bin/bash -l", "zsh -i",
                                    "/bin/bash --init-file /usr/share/code/x.sh"}) {
        set_the_stage();
        put(their_terminal, 1, shell);
        put(310, their_terminal, "node server.js").ports = {port};
        CAPTURE(shell);
        CHECK(roots() == Pids{310});
    }
}

TEST_CASE("who gives its children groups of their own is a shell, whatever it calls itself") {
    for (const std::string title :
         {"npm run dev", "bash start.sh", "node /app/node_modules/.bin/nodemon x"}) {
        set_the_stage();
        put(their_terminal, 1, title);
        auto& server = put(310, their_terminal, "node server.js");
        server.ports = {port};
        CAPTURE(title);
        CHECK(roots() == Pids{their_terminal});
        server.facts.group = 310;
        CHECK(roots() == Pids{310});
    }
}

TEST_CASE("a program that has forked its server, and started something else, is left out") {
    set_the_stage();
    put(310, their_terminal, "python3 mp.py kernel");
    put(311, 310, "python3 mp.py kernel").ports = {port};
    CHECK(roots() == Pids{310});
    put(312, 310, "python3 mp.py kernel");
    CHECK(roots() == Pids{310});
    put(313, 310, "sleep 1000");
    CHECK(roots() == Pids{311});
}

TEST_CASE("a program that has forked a server for each of several ports loses only the one") {
    set_the_stage();
    put(310, their_terminal, "python dev.py");
    put(311, 310, "python dev.py").ports = {port};
    auto& other = put(312, 310, "python dev.py");
    SECTION("its own port") {
        other.ports = {port + 1};
        CHECK(roots() == Pids{311});
        CHECK(members() == Pids{311});
    }
    SECTION("a port that they share, or the same one again") {
        world().share(port + 1, {311, 312});
        other.ports = {port};
        const auto strangers = find_strangers(port);
        REQUIRE(strangers.size() == 1);
        CHECK(pids_of(strangers.front().roots) == Pids{310});
    }
}

TEST_CASE("a bundler beside the server is a job of its own") {
    set_the_stage();
    put(their_terminal, 1, "-bash");
    put(310, their_terminal, "sh -c esbuild --servedir=www & node api.js");
    put(311, 310, "esbuild src/x.ts --servedir=www");
    put(312, 310, "node api.js").ports = {port};
    CHECK(members() == Pids{312});
}

TEST_CASE("a shell that runs a script or a command stands for all that it runs") {
    for (const std::string shell : {"sh -c x", "bash start.sh", "bash -lc x"}) {
        set_the_stage();
        put(their_terminal, 1, shell);  // a session of its own: `setsid sh -c …`
        put(310, their_terminal, "node server.js").ports = {port};
        CAPTURE(shell);
        CHECK(roots() == Pids{their_terminal});
    }
}

TEST_CASE("a runner of several jobs loses only the one that has the port") {
    for (const std::string runner : {"node /app/node_modules/.bin/concurrently api web",
                                     "npm run all", "sh -c api&web", "make -j2"}) {
        set_the_stage();
        put(their_terminal, 1, "-bash");
        put(310, their_terminal, runner);
        put(311, 310, "sh -c api");
        put(312, 311, "node api.js").ports = {port};
        put(321, 310, "sh -c web");
        put(322, 321, "node web.js");
        CAPTURE(runner);
        CHECK(roots() == Pids{311});
        CHECK(members() == Pids{311, 312});
    }
}

TEST_CASE("a helper, or a dead child, beside the server is no job of its own") {
    set_the_stage();
    put_npm_job();
    put(320, 310, "esbuild --service=0.25.0 --ping");
    put(321, 310, "node gone.js").facts.state = 'Z';
    CHECK(roots() == Pids{310});
    CHECK(members() == Pids{310, 311, 312, 313, 320});
}

TEST_CASE("a watcher stands for whatever it has started") {
    set_the_stage();
    put(their_terminal, 1, "-bash");
    put(310, their_terminal, "node /app/node_modules/.bin/nodemon server.js");
    put(311, 310, "node server.js").ports = {port};
    put(312, 310, "sh -c find");
    CHECK(roots() == Pids{310});
    CHECK(members() == Pids{310, 311, 312});
}

TEST_CASE("a session's leader that is an editor or an agent is not climbed to") {
    for (const std::string leader : {"vim server.js", "node /usr/bin/an-agent", "code --type=x"}) {
        set_the_stage();
        put(their_terminal, 1, leader);
        put(310, their_terminal, "npm run dev");
        put(311, 310, "node server.js").ports = {port};
        CAPTURE(leader);
        CHECK(roots() == Pids{310});
    }
}

TEST_CASE("the way up ends where user, session, control group or pid namespace change") {
    const std::vector<std::function<void(once::fake::Actor&)>> changes{
        [](auto& npm) { npm.owner = 0; }, [](auto& npm) { npm.facts.session = 310; },
        [](auto& npm) { npm.control_group = "0::/user.slice/other.scope\n"; },
        [](auto& npm) { npm.pid_namespace = 7; }, [](auto& npm) { npm.facts.state = 'Z'; }};
    for (std::size_t i = 0; i < changes.size(); ++i) {
        set_the_stage();
        put_npm_job();
        changes[i](world().actors[310]);
        CAPTURE(i);
        CHECK(roots() == Pids{311});
    }
}

TEST_CASE("nobody from whom we descend is climbed to") {
    set_the_stage();
    // A watcher would be, with whatever else it has started.
    put(40, 1, "node /app/node_modules/.bin/nodemon x");
    world().actors[our_shell].facts.parent = 40;
    put(310, 40, "node server.js").ports = {port};
    CHECK(roots() == Pids{310});
    CHECK(members() == Pids{310});
    // Were it not for us:
    world().actors[our_shell].facts.parent = 1;
    CHECK(roots() == Pids{40});
}

TEST_CASE("pid 1 is not climbed to, whatever it runs") {
    set_the_stage();
    world().actors[1].command = "node --watch x";  // in a container
    world().actors[1].facts.session = their_terminal;
    world().actors[our_shell].facts.parent = 0;  // we have come in from outside
    put(310, 1, "npm run dev");
    put(311, 310, "node server.js").ports = {port};
    CHECK(roots() == Pids{310});
}

TEST_CASE("several that share a socket are one job, by what is above them") {
    set_the_stage();
    put(their_terminal, 1, "-bash");
    put(310, their_terminal, "sh -c start");
    put(311, 310, "python -m uvicorn app:app --reload");
    put(312, 311, "python worker 1");
    put(313, 311, "python worker 2");
    SECTION("the workers only") { world().share(port, {312, 313}); }
    SECTION("their parent as well") { world().share(port, {313, 311, 312}); }
    CHECK(roots() == Pids{310});
    CHECK(members() == Pids{310, 311, 312, 313});
}

TEST_CASE("two wrappers that share a socket are crossed one after the other") {
    set_the_stage();
    put(their_terminal, 1, "-bash");
    put(310, their_terminal, "sh -c both");
    for (const int pid : {320, 330}) {
        put(pid, 310, "npm run worker");
        put(pid + 1, pid, "node worker.js");
    }
    world().share(port, {321, 331});
    CHECK(roots() == Pids{310});
    CHECK(members() == Pids{310, 320, 321, 330, 331});
}

TEST_CASE("a socket that two unrelated jobs share belongs to both") {
    set_the_stage();
    put(their_terminal, 1, "-bash");
    put(310, their_terminal, "npm run a");
    put(311, 310, "node a.js");
    put(400, 1, "-bash", 400);
    put(410, 400, "npm run b", 400);
    put(411, 410, "node b.js", 400);
    world().share(port, {411, 311});
    CHECK(roots() == Pids{310, 410});
    CHECK(members() == Pids{310, 311, 410, 411});
    CHECK(found().sharers == Pids{311, 411});
}

TEST_CASE("a root that is reached on one way stands for all that is below it") {
    set_the_stage();
    put(their_terminal, 1, "-bash");
    put(310, their_terminal, "node /app/node_modules/.bin/nodemon x");
    put(311, 310, "node first.js");
    put(312, 310, "node runner.js");
    put(313, 312, "node second.js");  // its parent is no wrapper
    world().share(port, {311, 313});
    CHECK(roots() == Pids{310});
    CHECK(members() == Pids{310, 311, 312, 313});  // each once
}

TEST_CASE("a server that has started itself again is climbed to") {
    // As Django's runserver does, with the whole path of the interpreter.
    set_the_stage();
    put(their_terminal, 1, "-bash");
    put(310, their_terminal, "python manage.py runserver");
    put(311, 310, "/venv/bin/python manage.py runserver").ports = {port};
    CHECK(roots() == Pids{310});
    // It may be what a session was made for.
    world().actors[310].facts.session = world().actors[311].facts.session = 310;
    CHECK(roots() == Pids{311});
    world().actors[310].facts.session = world().actors[311].facts.session = their_terminal;
    // Another script is another program.
    world().actors[310].command = "python start.py";
    CHECK(roots() == Pids{311});
}

TEST_CASE("a browser that the server has opened in a session of its own is no part of the job") {
    set_the_stage();
    put_npm_job();
    put(500, 313, "firefox http://localhost:8001", 500);
    put(501, 500, "firefox -contentproc", 500);
    put(320, 313, "node in-the-same-session.js");
    CHECK(members() == Pids{310, 311, 312, 313, 320});
}

TEST_CASE("one in a session of its own is a part of the job if it shares the socket") {
    set_the_stage();
    put_npm_job();
    put(500, 313, "node worker.js", 500);
    world().share(port, {313, 500});
    CHECK(members() == Pids{310, 311, 312, 313, 500});
}

TEST_CASE("two sockets of one job are one stranger") {
    set_the_stage();
    put_npm_job();
    world().share(port, {313});
    const auto job = found();
    CHECK(job.sockets.size() == 2);
    CHECK(job.sharers == Pids{313});
    CHECK(pids_of(job.members) == Pids{310, 311, 312, 313});
}

TEST_CASE("two sockets, of a server and of its child, are one whole job") {
    for (const bool child_first : {true, false}) {
        set_the_stage();
        put(their_terminal, 1, "-bash");
        put(310, their_terminal, "node server.js");
        put(311, 310, "node worker.js");
        world().actors[child_first ? 311 : 310].ports = {port};  // seen before what is shared
        world().share(port, {child_first ? 310 : 311});
        CAPTURE(child_first);
        CHECK(roots() == Pids{310});
        CHECK(members() == Pids{310, 311});
        CHECK(found().sockets.size() == 2);
    }
}

TEST_CASE("a socket that joins two jobs makes one of them") {
    set_the_stage();
    put(their_terminal, 1, "-bash");
    put(310, their_terminal, "node a.js").ports = {port};
    put(320, their_terminal, "node b.js").ports = {port};
    world().share(port, {310, 320});
    CHECK(roots() == Pids{310, 320});
    CHECK(found().sockets.size() == 3);
}

TEST_CASE("two jobs on one port are two strangers, and who is not seen comes last") {
    set_the_stage();
    put_npm_job();
    put(400, 1, "nginx", 400).ports = {port};
    world().sockets[1] = {port, {}, 33, true};
    const auto strangers = find_strangers(port);
    REQUIRE(strangers.size() == 3);
    CHECK(pids_of(strangers[0].roots) == Pids{310});
    CHECK(pids_of(strangers[1].roots) == Pids{400});
    CHECK_FALSE(strangers[2].is_visible());
    CHECK(strangers[2].sockets.front().owner == 33);
}

TEST_CASE("of init and of supervisors nothing else is a member") {
    set_the_stage();
    put(400, 1, "/usr/bin/supervisord -n", 400);
    put(401, 400, "node app.js", 400);
    SECTION("a supervisor") {
        world().actors[400].ports = {port};
        CHECK(members() == Pids{400});
    }
    SECTION("init") {
        world().actors[1].ports = {port};
        put(402, 1, "cron", 1);
        CHECK(members() == Pids{1});
    }
}

TEST_CASE("parents in a circle, read while pids went round, are climbed for a while only") {
    set_the_stage();
    put(310, 312, "npm run dev");
    put(311, 310, "sh -c x");
    put(312, 311, "npm run x");
    put(313, 312, "node x.js");
    SECTION("one outside of it") { world().actors[313].ports = {port}; }
    SECTION("one of them") { world().actors[311].ports = {port}; }
    SECTION("its own parent") {
        world().actors[313].facts.parent = 313;
        world().actors[313].ports = {port};
    }
    const auto job = found();
    CHECK_FALSE(job.roots.empty());
    CHECK_FALSE(job.members.empty());
}
