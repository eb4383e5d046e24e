// Programs of the real world that `once` has not started: ended as whole jobs with --force, and
// nothing else with them.

#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "holding.hpp"
#include "outsider.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

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
