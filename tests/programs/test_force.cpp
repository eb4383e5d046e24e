// Programs of the real world that `once` has not started: ended as whole jobs with --force, and
// nothing else with them.

#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "catch.hpp"
#include "holding.hpp"
#include "life.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

/// A program as a stranger, which takes its port from PORT.
struct Outsider {
    Program program;
    /// How the root's line ends that `once who` shows.
    std::string root;
    /// What its watcher watches.
    std::vector<fs::path> watched;
    /// At least so many processes, so that no wrapper is overlooked.
    std::size_t processes = 1;
    std::size_t listeners = 1;
};

const Outsider npm_tsx = {{.command = {"npm", "run", "dev"}, .needs = {"tsx"}, .interrupts = 1},
                          "npm run dev",
                          {"server.ts", "serve.mjs"},
                          4};
// As the scripts that pnpm writes into node_modules/.bin start it.
const Outsider pnpm_tsx = {
    {.command = {"node", "node_modules/.bin/../tsx/dist/cli.mjs", "watch", "server.ts"},
     .needs = {"tsx"},
     .interrupts = 1},
    "cli.mjs watch server.ts",
    {"server.ts", "serve.mjs"},
    2};
const Outsider pnpm_nodemon = {
    {.command = {"node_modules/.bin/pnpm", "nodemon"}, .needs = {"pnpm", "nodemon"}},
    "pnpm nodemon",
    {"server.mjs", "serve.mjs"},
    4};
const Outsider node_watch = {
    {.command = {"node", "--watch", "server.mjs"}, .needs = {"tsx"}, .interrupts = 1},
    "node --watch server.mjs",
    {"server.mjs", "serve.mjs"},
    2};
const Outsider vite = {{.command = {"npm", "run", "vite"}, .needs = {"vite"}},
                       "npm run vite",
                       {"vite.config.js", "index.html"},
                       3};
const Outsider next = {
    {.command = {"npm", "run", "next"}, .needs = {"next"}, .leaves_daemon = true},
    "npm run next",
    {"pages/index.jsx"},
    4};

Outsider python(std::vector<std::string> command, std::string root, fs::path watched,
                std::size_t processes, std::size_t listeners) {
    const std::string path = command.front();
    return {{.command = std::move(command), .needs = {path}, .project = "python"},
            std::move(root),
            {std::move(watched)},
            processes,
            listeners};
}

// The reloader, which has the socket as well as its worker, and python's resource tracker.
const Outsider uvicorn = python({"/usr/bin/uvicorn", "asgi:app", "--port", "PORT", "--reload"},
                                "--reload", "asgi.py", 3, 2);
const Outsider gunicorn = python({"/usr/bin/gunicorn", "-w", "2", "--reload", "wsgi:app"},
                                 "gunicorn -w 2 --reload wsgi:app", "wsgi.py", 3, 3);
const Outsider flask = python({"/usr/bin/flask", "--app", "wsgi", "--debug", "run", "-p", "PORT"},
                              "flask --app wsgi --debug run -p PORT", "wsgi.py", 2, 2);

std::string with_port(std::string text, int port) {
    const auto at = text.find("PORT");
    return at == std::string::npos ? text : text.replace(at, 4, std::to_string(port));
}

bool is_there(const Process& one) {
    const auto now = process(one.pid);
    return now && now->started == one.started && now->is_alive();
}

std::vector<Process> tree_of(pid_t root) {
    std::vector<Process> tree;
    auto pids = descendants(root);
    pids.push_back(root);
    for (const pid_t pid : pids) {
        if (const auto one = process(pid)) tree.push_back(*one);
    }
    return tree;
}

void check_gone(const std::vector<Process>& gone) {
    for (const Process& one : gone) {
        CAPTURE(portrait(one));
        CHECK_FALSE(is_there(one));
    }
}

void check_lives(const std::vector<Process>& living) {
    for (const Process& one : living) {
        CAPTURE(portrait(one), one.name);
        CHECK(is_there(one));
    }
}

/// As an editor does it: the watcher cannot know that nothing has changed.
void save(Project& project, const std::vector<fs::path>& files) {
    for (const fs::path& file : files) {
        const std::string text = project.scene().read_file(file);
        REQUIRE_FALSE(text.empty());
        project.scene().write_file(file, text + "\n");
    }
}

/// Nobody takes the port again when a file is saved, at once or a moment later.
void check_no_return(Project& project, const std::vector<fs::path>& files) {
    save(project, files);
    remains([&] { return !listening(project.port()); }, std::chrono::milliseconds(400),
            "nobody listens");
}

/// Has asked the server something and keeps its connection open, whatever comes; it counts the
/// signals that it gets.
class Client {
public:
    explicit Client(Project& project)
        : running_(project.scene().launch(
              {"bash", "-c",
               "exec 3<>/dev/tcp/127.0.0.1/$0 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && "
               "exec actor print-signals",
               project.port()})) {
        (void)running_.ready_pid();
    }

    pid_t pid() const { return running_.pid(); }

    void check_untouched() const {
        REQUIRE(running_.signal(SIGTERM));
        CHECK(running_.wait_ending() == exited(0));
        CHECK_THAT(running_.stdout_text(), has("signals 1\n"));
    }

private:
    Running running_;
};

/// Starts it as anybody would, without `once`.
Running start(Project& project, const Outsider& outsider) {
    project.scene().set("PORT", std::to_string(project.port()));
    Command command;
    for (const std::string& word : outsider.program.command) {
        command.push_back(with_port(word, project.port()));
    }
    const Running root = project.scene().launch(command);
    eventually(
        [&] {
            return listener_pids(project.port()).size() >= outsider.listeners &&
                   tree_of(root.pid()).size() >= outsider.processes;
        },
        "all of it stands, and listens");
    return root;
}

/// The lines of `once who`'s tree: a listener's begins with a star.
void check_who(Project& project, pid_t root, const std::string& command) {
    const auto who = project.scene().run({"once", "who", project.port()});
    CAPTURE(who.stdout_text);
    CHECK(who.ending == exited(0));
    CHECK_THAT(who.stdout_text, has("' " + pid_text(root) + " in "));
    const auto listeners = listener_pids(project.port());
    CHECK(count(who.stdout_text, "\n*") == static_cast<int>(listeners.size()));
    for (const Process& one : tree_of(root)) {
        const bool listens =
            std::find(listeners.begin(), listeners.end(), one.pid) != listeners.end();
        CAPTURE(portrait(one), listens);
        const std::string row = (listens ? "\n*  " : "\n   ") + std::to_string(one.pid) + " ";
        CHECK(count(who.stdout_text, row) == 1);
        if (one.pid != root) continue;
        const auto from = who.stdout_text.find(row) + 1;
        const auto line = who.stdout_text.substr(from, who.stdout_text.find('\n', from) - from);
        CHECK(line.ends_with(with_port(command, project.port())));
    }
    CHECK_THAT(who.stdout_text, has("once stop --force " + std::to_string(project.port())));
}

void check_asked(Project& project, const Program& program) {
    if (program.interrupts == 0) return;
    CAPTURE(project.notes());
    CHECK(count(project.notes(), "stopped") == 1);
}

void stop_by_force(const Outsider& outsider) {
    Project project(outsider.program.project);
    const Running root = start(project, outsider);
    check_who(project, root.pid(), outsider.root);
    const Client client(project);
    const auto job = tree_of(root.pid());

    const auto stop = project.scene().run({"once", "stop", "--force", project.port()});
    CAPTURE(stop.stderr_text);
    CHECK(stop.ending == exited(0));
    CHECK_THAT(stop.stderr_text, has("once: port " + std::to_string(project.port()) + " is free"));
    check_gone(job);
    check_asked(project, outsider.program);
    check_nothing_left(project, outsider.program, client.pid());
    check_no_return(project, outsider.watched);
    client.check_untouched();
}

void take_over(const Outsider& outsider, const Command& successor) {
    Project project(outsider.program.project);
    const Running root = start(project, outsider);
    const Client client(project);
    const auto job = tree_of(root.pid());

    Command command = {"once", "--force", "-p", project.port(), "--"};
    for (const Word& word : successor) command.push_back(with_port(word.text, project.port()));
    const Running once = project.scene().launch(command);
    eventually([&] { return std::none_of(job.begin(), job.end(), is_there); }, "it is gone");
    project.wait_until_ready();
    check_asked(project, outsider.program);
    save(project, outsider.watched);
    remains(
        [&] {
            const auto ours = descendants(once.pid());
            const auto all = listener_pids(project.port());
            return !all.empty() && std::all_of(all.begin(), all.end(), [&](pid_t pid) {
                return std::find(ours.begin(), ours.end(), pid) != ours.end();
            });
        },
        std::chrono::milliseconds(400), "the port is the new server's alone");
    CHECK_FALSE(once.ended());
    once.signal(SIGTERM);
    (void)once.wait_ending();
    check_nothing_left(project, outsider.program, client.pid());
    client.check_untouched();
}

void check_force(const Outsider& outsider, const Command& successor) {
    if (!can_run(outsider.program.needs)) return;
    SECTION("once stop --force ends all of it, and nobody else") { stop_by_force(outsider); }
    SECTION("once --force takes its port over") { take_over(outsider, successor); }
}

const Command node_server = {"node", "server.mjs"};
const Command python_server = {"/usr/bin/python3", "-m", "http.server", "PORT"};

/// A runner with an api on our port and a web server on the other one.
void check_branch(const Program& program, const std::string& api) {
    if (!can_run(program.needs)) return;
    Project project(program.project);
    const Running runner = start(project, {program, "", {}});
    eventually([&] { return listening(project.other_port()); }, "the web server listens");
    const auto web = tree_of(listener_pids(project.other_port()).at(0));
    auto above = descendants(runner.pid());
    above.push_back(runner.pid());

    // The highest above the api that is not above the web server too is the api's root.
    const auto is_above = [](pid_t upper, pid_t lower) {
        const auto below = descendants(upper);
        return std::find(below.begin(), below.end(), lower) != below.end();
    };
    const pid_t web_server = web.front().pid;
    pid_t root = listener_pids(project.port()).at(0);
    while (!is_above(parent_of(root), web_server)) root = parent_of(root);
    REQUIRE(is_above(runner.pid(), root));
    const auto branch = tree_of(root);
    REQUIRE(branch.size() >= 4);  // npm, sh, tsx, node
    std::vector<Process> others;
    for (const Process& one : tree_of(runner.pid())) {
        const bool is_api = std::any_of(branch.begin(), branch.end(),
                                        [&](const Process& own) { return own.pid == one.pid; });
        if (!is_api) others.push_back(one);
    }
    check_who(project, root, api);
    const Client client(project);

    const auto stop = project.scene().run({"once", "stop", "--force", project.port()});
    CAPTURE(stop.stderr_text);
    CHECK(stop.ending == exited(0));
    check_gone(branch);
    check_lives(others);
    CHECK_FALSE(listening(project.port()));
    check_no_return(project, {"server.ts"});
    check_lives(others);
    CHECK(listener_pids(project.other_port()) == std::vector<pid_t>{web_server});
    CHECK(count(project.notes(project.other_port()), "SIG") == 0);
    client.check_untouched();
    // run-p, once a task of it has failed, does not end the others.
    (void)kill(web_server, SIGTERM);
    runner.signal(SIGTERM);
    eventually([&] { return project.scene().survivors().empty(); }, "the runner has ended all");
}

/// An app of pm2, whose home is in the scenario's folder.
class Pm2 {
public:
    explicit Pm2(Project& project) : project_(project) {
        project.scene().set("PORT", std::to_string(project.port()));
        project.scene().set("PM2_HOME", (project.scene().folder() / "pm2").string());
    }

    void run(const Command& words) {
        Command command = {"node_modules/.bin/pm2"};
        command.insert(command.end(), words.begin(), words.end());
        const auto done = project_.scene().run(command);
        CAPTURE(done.stdout_text, done.stderr_text);
        REQUIRE(done.ending == exited(0));
    }

    void start(const Command& words) {
        run(words);
        eventually([&] { return listening(project_.port()); }, "the app listens");
    }

    /// Its daemon has gone when this is over, and all apps with it.
    void end() {
        run({"kill"});
        eventually([&] { return project_.scene().survivors().empty(); }, "pm2 has ended");
    }

    pid_t daemon() const {
        const auto all = project_.scene().survivors();
        const auto found = std::find_if(all.begin(), all.end(), [](const Process& one) {
            return one.name.starts_with("PM2 ");
        });
        REQUIRE(found != all.end());
        return found->pid;
    }

private:
    Project& project_;
};

/// Neither word ends it: both name what would.
void check_refused(Project& project, const std::string& advice) {
    const auto before = project.scene().survivors();
    const auto listeners = listener_pids(project.port());
    REQUIRE_FALSE(listeners.empty());
    for (const Command& command :
         {Command{"once", "stop", "--force", project.port()},
          Command{"once", "--force", "-p", project.port(), "--", "echo"}}) {
        const auto refused = project.scene().run(command);
        CHECK(refused.ending == exited(75));
        CHECK_THAT(refused.stderr_text, has(advice));
        CHECK(refused.stdout_text.empty());
    }
    CHECK_THAT(project.scene().run({"once", "who", project.port()}).stdout_text, has(advice));
    check_lives(before);
    CHECK(listener_pids(project.port()) == listeners);
    CHECK(count(project.notes(), "SIG") == 0);
}

}  // namespace

TEST_CASE("npm run dev with tsx watch is ended by force", "[programs][force]") {
    check_force(npm_tsx, node_server);
}

TEST_CASE("tsx watch from a script of pnpm is ended by force", "[programs][force]") {
    check_force(pnpm_tsx, node_server);
}

TEST_CASE("pnpm with nodemon is ended by force", "[programs][force]") {
    check_force(pnpm_nodemon, node_server);
}

TEST_CASE("node --watch is ended by force", "[programs][force]") {
    check_force(node_watch, node_server);
}

TEST_CASE("vite is ended by force", "[programs][force]") { check_force(vite, node_server); }

TEST_CASE("next dev is ended by force", "[programs][force]") { check_force(next, node_server); }

TEST_CASE("uvicorn --reload is ended by force", "[programs][force]") {
    check_force(uvicorn, python_server);
}

TEST_CASE("gunicorn with two workers is ended by force", "[programs][force]") {
    check_force(gunicorn, python_server);
}

TEST_CASE("flask run with its reloader is ended by force", "[programs][force]") {
    check_force(flask, python_server);
}

TEST_CASE("a reloader that has started itself again as its worker is ended by force",
          "[programs][force]") {
    // As django does it: only the worker has the socket, and its command line is another one.
    if (!can_run({"/usr/bin/python3"})) return;
    Project project("python");
    project.scene().write_file("manage.py",
                               "import os, socket, signal, subprocess, sys\n"
                               "if 'WORKER' in os.environ:\n"
                               "    server = socket.create_server(('', int(sys.argv[2])))\n"
                               "    signal.pause()\n"
                               "os.environ['WORKER'] = 'yes'\n"
                               "while subprocess.call([sys.executable, '-Wd', *sys.argv]): pass\n");
    // A session's leader is not climbed to.
    const Running root = project.scene().launch(
        {"/usr/bin/python3", "manage.py", "runserver", project.port()}, {.place = Place::group});
    eventually([&] { return listening(project.port()); }, "the worker listens");
    const auto job = tree_of(root.pid());
    REQUIRE(job.size() == 2);
    check_who(project, root.pid(), "python3 manage.py runserver PORT");
    const auto stop = project.scene().run({"once", "stop", "--force", project.port()});
    CAPTURE(stop.stderr_text);
    CHECK(stop.ending == exited(0));
    check_gone(job);
    check_nothing_left(project, {});
}

TEST_CASE("concurrently loses the api whose port is forced, and nothing else",
          "[programs][force]") {
    check_branch({.command = {"node_modules/.bin/concurrently", "npm:dev", "npm:two"},
                  .needs = {"concurrently", "tsx"}},
                 "npm run dev");
}

TEST_CASE("run-p loses the api whose port is forced, and nothing else", "[programs][force]") {
    // Without that option it would end the rest itself.
    check_branch({.command = {"node_modules/.bin/run-p", "--continue-on-error", "dev", "two"},
                  .needs = {"npm-run-all2", "tsx"}},
                 "npm run dev");
}

TEST_CASE("an app of pm2 is not ended by force, and pm2's own word for it is named",
          "[programs][force]") {
    if (!can_run({"pm2"})) return;
    Project project("node");
    Pm2 pm2(project);
    pm2.start({"start", "server.mjs", "--name", "my-app"});
    check_refused(project, "to end it: pm2 stop my-app\n");
    pm2.run({"stop", "my-app"});
    CHECK_FALSE(listening(project.port()));
    pm2.end();
}

TEST_CASE("what npm has started for pm2 is not ended by force", "[programs][force]") {
    if (!can_run({"pm2", "tsx"})) return;
    Project project("node");
    Pm2 pm2(project);
    pm2.start({"start", "npm", "--name", "my-app", "--", "run", "dev"});
    check_refused(project, "to end it: pm2 stop my-app\n");
    pm2.end();
}

TEST_CASE("pm2's daemon, which has the port of a cluster, is not ended by force",
          "[programs][force]") {
    if (!can_run({"pm2"})) return;
    Project project("node");
    Pm2 pm2(project);
    pm2.start({"start", "server.mjs", "--name", "my-app", "-i", "2"});
    // A worker that is being forked shares it until its exec.
    eventually([&] { return listener_pids(project.port()) == std::vector<pid_t>{pm2.daemon()}; },
               "pm2's daemon alone has the port");
    check_refused(project, "to end it: pm2 stop ");
    pm2.end();
}

TEST_CASE("what a killed pm2 has left behind is ended by force", "[programs][force]") {
    if (!can_run({"pm2", "tsx"})) return;
    Project project("node");
    Pm2 pm2(project);
    pm2.start({"start", "npm", "--name", "my-app", "--", "run", "dev"});
    const auto listeners = listener_pids(project.port());
    REQUIRE(kill(pm2.daemon(), SIGKILL) == 0);
    eventually([&] { return parent_of(listeners.at(0)) != 0 && listening(project.port()); },
               "the app lives on");
    const auto stop = project.scene().run({"once", "stop", "--force", project.port()});
    CAPTURE(stop.stderr_text);
    CHECK(stop.ending == exited(0));
    check_nothing_left(project, {});
    check_no_return(project, {"server.ts"});
}
