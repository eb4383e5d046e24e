// What processes are for, by their command lines as real programs have them.

#include <string>
#include <vector>

#include "catch.hpp"
#include "claim/commands.hpp"

using namespace once::claim;

namespace {

using Words = std::vector<std::string>;

Role role(const Words& arguments, const std::string& name = "node") {
    return role_of(arguments, name);
}

}  // namespace

TEST_CASE("package managers are known by their titles and by their scripts", "[commands]") {
    CHECK(role({"npm run dev"}, "npm run dev") == Role::manager);
    CHECK(role({"npm run dev", "", ""}, "npm run dev") == Role::manager);
    CHECK(role({"npm exec vite"}, "npm exec vite") == Role::manager);
    CHECK(role({"npm run concurrently"}, "npm run concurr") == Role::manager);
    CHECK(role({"node", "/app/node_modules/.bin/pnpm", "dev"}) == Role::manager);
    CHECK(role({"node", "/usr/lib/node_modules/corepack/dist/pnpm.js", "dev"}) == Role::manager);
    CHECK(role({"node", "/root/.cache/node/corepack/v1/pnpm/9.0.0/bin/pnpm.cjs", "dev"}) ==
          Role::manager);
    CHECK(role({"node", "/usr/bin/yarn", "dev"}) == Role::manager);
    CHECK(role({"/usr/bin/node", "/app/.yarn/releases/yarn-4.1.0.cjs", "dev"}) == Role::manager);
}

TEST_CASE("a shell with something to run is a wrapper, others are terminals", "[commands]") {
    CHECK(role({"sh", "-c", "tsx watch server.ts"}, "sh") == Role::wrapper);
    CHECK(role({"/bin/sh", "-c", "node server.mjs 8001"}, "sh") == Role::wrapper);
    CHECK(role({"bash", "-lc", "npm start"}, "bash") == Role::wrapper);
    CHECK(role({"/bin/sh", "./dev.sh"}, "dev.sh") == Role::wrapper);
    CHECK(role({"-bash"}, "bash") == Role::terminal);
    CHECK(role({"zsh"}, "zsh") == Role::terminal);
    CHECK(role({"bash", "--norc", "-i"}, "bash") == Role::terminal);
}

TEST_CASE("watchers of node are known below npm and below pnpm", "[commands]") {
    CHECK(role({"node", "/app/node_modules/.bin/tsx", "watch", "server.ts"}) == Role::watcher);
    CHECK(role({"node", "/app/node_modules/.bin/../.pnpm/tsx@4.23.15/node_modules/tsx/dist/cli.mjs",
                "watch", "server.ts"}) == Role::watcher);
    CHECK(role({"node", "/app/node_modules/.bin/../tsx/dist/cli.mjs", "watch", "server.ts"}) ==
          Role::watcher);
    CHECK(role({"node", "node_modules/tsx/dist/cli.mjs", "watch", "server.ts"}) == Role::watcher);
    CHECK(role({"node", "/app/node_modules/.bin/../ts-node-dev/lib/bin.js", "server.ts"}) ==
          Role::watcher);
    CHECK(role({"node", "/app/node_modules/.bin/nodemon", "server.mjs"}) == Role::watcher);
    CHECK(role({"node", "--watch", "server.mjs"}) == Role::watcher);
    CHECK(role({"node", "--watch-path=./src", "server.mjs"}) == Role::watcher);
    CHECK(role({"node", "/app/node_modules/.bin/next", "dev", "--webpack", "-p", "8001"}) ==
          Role::watcher);
    CHECK(role({"node", "/app/node_modules/.bin/vite", "--port", "8001"}) == Role::watcher);
    CHECK(role({"node", "/app/node_modules/.bin/nest", "start", "--watch"}) == Role::watcher);
}

TEST_CASE("reloaders of python are known as scripts and as modules", "[commands]") {
    CHECK(role({"/usr/bin/python3", "/usr/bin/uvicorn", "asgi:app", "--port", "8001", "--reload"},
               "uvicorn") == Role::watcher);
    CHECK(role({"/usr/bin/python3", "-m", "uvicorn", "asgi:app", "--reload"}, "python3") ==
          Role::watcher);
    CHECK(role({"/usr/bin/python3", "/usr/bin/gunicorn", "-w", "2", "wsgi:app"}, "gunicorn") ==
          Role::watcher);
    CHECK(role({"/usr/bin/python3", "/usr/bin/flask", "--app", "wsgi", "--debug", "run"},
               "flask") == Role::watcher);
    CHECK(role({"python3.11", "-X", "utf8", "-m", "flask", "run"}, "python3.11") == Role::watcher);
}

TEST_CASE("servers and their helpers are nothing but themselves", "[commands]") {
    CHECK(role({"/usr/bin/node", "--require", "/app/node_modules/tsx/dist/preflight.cjs",
                "--import", "file:///app/node_modules/tsx/dist/loader.mjs", "server.ts"}) ==
          Role::other);
    CHECK(role({"next-server (v16.4.5)", "", ""}, "next-server (v1") == Role::other);
    CHECK(role({"/usr/bin/python3", "-B", "-c",
                "from multiprocessing.resource_tracker import main;main(4)"},
               "python3") == Role::other);
    CHECK(role({"/usr/bin/python3", "-c",
                "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5)",
                "--multiprocessing-fork"},
               "python3") == Role::other);
    CHECK(role({}, "kthreadd") == Role::other);
}

TEST_CASE("runners of several jobs are never climbed to", "[commands]") {
    CHECK(role({"node", "/app/node_modules/.bin/concurrently", "node server.mjs 8001",
                "node server.mjs 8002"}) == Role::other);
    CHECK(role({"node", "/app/node_modules/.bin/run-p", "one", "two"}) == Role::other);
    CHECK(role({"node", "/app/node_modules/.bin/turbo", "run", "dev"}) == Role::other);
    // Their own options are none of node's.
    CHECK(role({"node", "/app/node_modules/.bin/concurrently", "--watch", "api", "web"}) ==
          Role::other);
    CHECK(role({"node", "/app/node_modules/.bin/nx", "watch", "--all"}) == Role::other);
    CHECK(role({"/app/node_modules/@turbo/linux-64/bin/turbo", "run", "dev"}, "turbo") ==
          Role::other);
}

TEST_CASE("pm2 is known by its daemon's title, and without a daemon by its script", "[commands]") {
    const Words daemon{"PM2 v7.0.4: God Daemon (/home/me/.pm2)", "", ""};
    const Words runtime{"node", "/app/node_modules/.bin/pm2-runtime", "start", "server.mjs"};
    const Words app{"node /app/server.mjs", "", ""};
    CHECK(role(daemon, "PM2 v7.0.4: God") == Role::supervisor);
    CHECK(role(runtime) == Role::supervisor);
    CHECK(role(app, "node /app/serve") == Role::other);
    CHECK(is_pm2(daemon, "PM2 v7.0.4: God"));
    CHECK(is_pm2(runtime, "node"));
    CHECK_FALSE(is_pm2(app, "node /app/serve"));
    CHECK_FALSE(is_pm2({"/usr/bin/supervisord"}, "supervisord"));
    CHECK_FALSE(is_pm2({}, ""));
}

TEST_CASE("a reloader and its worker run one command, also with another path to python",
          "[commands]") {
    const Words reloader{"python", "manage.py", "runserver", "8001"};
    CHECK(runs_same(reloader, reloader));
    CHECK(runs_same(reloader, {"/usr/bin/python3", "manage.py", "runserver", "8001"}));
    CHECK(runs_same(reloader, {"/usr/bin/python3", "-Wd", "manage.py", "runserver", "8001"}));
    CHECK(runs_same({"python", "-m", "app", "serve"},
                    {"/venv/bin/python", "-X", "utf8", "-m", "app", "serve"}));
    CHECK(runs_same({"./server", "8001"}, {"./server", "8001"}));
    CHECK_FALSE(runs_same(reloader, {"/usr/bin/python3", "manage.py", "runserver", "8002"}));
    CHECK_FALSE(runs_same(reloader, {"/usr/bin/python3", "manage.py"}));
    CHECK_FALSE(runs_same(reloader, {"/usr/bin/node", "manage.py", "runserver", "8001"}));
    CHECK_FALSE(runs_same({"python"}, {"/usr/bin/python3", "-i"}));
    CHECK_FALSE(runs_same({"./server"}, {"/app/server"}));
    CHECK_FALSE(runs_same({}, {}));
}
