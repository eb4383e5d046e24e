#include <string>
#include <vector>

#include "catch.hpp"
#include "claim/commands.hpp"

using once::claim::Role;
using once::claim::role_of;

namespace {

using Words = std::vector<std::string>;

std::string text_of(const Words& words) {
    std::string text;
    for (const auto& word : words) text += '<' + word + '>';
    return text;
}

// All of them have this role.
void check_all(Role role, const std::vector<Words>& commands, const std::string& name = "node") {
    for (const auto& command : commands) {
        CAPTURE(text_of(command));
        CHECK(role_of(command, name) == role);
    }
}

}  // namespace

TEST_CASE("package managers are known by the title that they write, and by their scripts") {
    check_all(Role::manager, {{"npm run dev"},
                              {"npm run dev", "", "", ""},  // what is left of longer arguments
                              {"npm exec vite"},
                              {"npm"},
                              {"pnpm", "dev"},
                              {"node", "/usr/local/bin/pnpm", "dev"},
                              {"node", "/usr/lib/node_modules/npm/bin/npm-cli.js", "run", "dev"},
                              {"/usr/bin/node", "/usr/share/yarn/bin/yarn.js", "dev"},
                              {"/opt/my tools/node", "/opt/my tools/npm", "start"},
                              {"bun", "run", "dev"},
                              {"npx", "vite"},
                              {"corepack", "pnpm", "dev"}});
}

TEST_CASE("a watcher is known by the script that node runs, or by its package") {
    check_all(
        Role::watcher,
        {{"node", "/app/node_modules/.bin/nodemon", "server.js"},
         {"node", "node_modules/.bin/nodemon", "server.js"},
         {"node", "/app/node_modules/.bin/tsx", "watch", "src/x.ts"},
         {"node", "/app/node_modules/tsx/dist/cli.mjs", "watch", "src/x.ts"},
         {"node", "/app/node_modules/.pnpm/tsx@4.7.0/node_modules/tsx/dist/cli.mjs", "watch", "x"},
         {"node", "/app/node_modules/vite/bin/vite.js"},
         {"node", "/app/node_modules/wrangler/wrangler-dist/cli.js", "dev"},
         {"node", "node_modules/wrangler/wrangler-dist/cli.js", "dev"},
         {"node", "../node_modules/wrangler/wrangler-dist/cli.js", "dev"},
         {"node", "/app/node_modules/@angular/cli/bin/ng.js", "serve"},
         {"node", "/app/node_modules/@scope/vite/dist/run.js"},
         {"node", "--inspect", "/app/node_modules/.bin/nodemon", "server.js"},
         {"node", "-r", "dotenv/config", "/app/node_modules/.bin/nodemon", "server.js"},
         {"next", "dev"},
         {"/usr/bin/watchexec", "make"},
         {"entr", "-r", "./server"}});
}

TEST_CASE("an interpreter that watches itself is a watcher") {
    check_all(Role::watcher, {{"node", "--watch", "server.js"},
                              {"/usr/bin/node", "--watch-path=src", "server.js"},
                              {"nodejs", "--watch", "server.js"},
                              {"bun", "--watch", "server.ts"},
                              {"bun", "--hot", "server.ts"},
                              {"deno", "run", "--watch", "server.ts"},
                              {"dotnet", "watch", "run"},
                              {"cargo", "watch", "-x", "run"}});
}

TEST_CASE("a server of python is known by its module, or by its script") {
    check_all(Role::watcher, {{"python", "-m", "uvicorn", "app:app", "--reload"},
                              {"python3", "-u", "-m", "uvicorn", "app:app"},
                              {"/usr/bin/python3.11", "-m", "flask", "run"},
                              {"/app/.venv/bin/python3.12", "/app/.venv/bin/uvicorn", "app:app"},
                              {"python", "-X", "dev", "-m", "uvicorn", "app:app"},
                              {"gunicorn: master [app:app]"},
                              {"puma 6.4.0 (tcp://localhost:3000) [app]"},
                              {"ruby", "/usr/local/bin/puma", "-p", "3000"}});
    check_all(Role::other, {{"python", "-m", "http.server", "8001"},
                            {"python3", "app.py"},
                            {"python3", "manage.py", "runserver"},
                            {"python3"}});
}

TEST_CASE("a plain server stands for itself, whatever is loaded before it") {
    check_all(Role::other,
              {{"node", "server.js"},
               {"node", "--require", "/app/node_modules/tsx/dist/preflight.cjs", "--import",
                "file:///app/node_modules/tsx/dist/loader.mjs", "src/x.ts"},
               {"node", "--require", "/app/node_modules/nodemon/lib/x.js", "server.js"},
               {"node", "--import", "vite", "server.js"},
               {"node", "--max-old-space-size=4096", "server.js"},
               {"node", "server.js", "nodemon"},
               {"node"},
               {"nginx: master process nginx"},
               {"/usr/bin/postgres", "-D", "/data"},
               {"java", "-jar", "app.jar"}});
}

TEST_CASE("a runner of several jobs, an agent and an editor stand for themselves") {
    check_all(Role::other, {{"node", "/app/node_modules/.bin/concurrently", "api", "web"},
                            {"node", "/app/node_modules/concurrently/dist/bin/concurrently.js"},
                            {"node", "/app/node_modules/.bin/turbo", "dev"},
                            {"vim", "server.js"},
                            {"emacs"},
                            {"/usr/share/code/code", "--type=utility"},
                            {"node", "/usr/bin/an-agent"},
                            {"tmux", "new", "-s", "npm"}});
}

TEST_CASE("what only starts another program is a wrapper") {
    check_all(Role::wrapper, {{"env", "PORT=8001", "node", "server.js"},
                              {"uv", "run", "app.py"},
                              {"/usr/bin/make", "dev"},
                              {"timeout", "60", "node", "server.js"},
                              {"setsid", "npm", "run", "dev"},
                              {"go", "run", "."},
                              {"cargo", "run"},
                              {"node", "/app/node_modules/.bin/dotenv", "--", "node", "x.js"},
                              {"node", "/app/node_modules/.bin/cross-env", "A=b", "node", "x.js"},
                              // Without `watch` it does nothing but to start node.
                              {"node", "/app/node_modules/.bin/tsx", "src/x.ts"},
                              {"node", "/app/node_modules/tsx/dist/cli.mjs", "src/x.ts"}});
}

TEST_CASE("a shell that somebody types into is a terminal") {
    check_all(Role::terminal,
              {{"-bash"},
               {"-zsh"},
               {"-sh"},
               {"-bash", "--norc"},
               {"bash"},
               {"/bin/bash"},
               {"/bin/bash", "-l"},
               {"/bin/bash", "--login", "-i"},
               {"zsh", "-i"},
               {"fish"},
               {"sh"},
               {"busybox", "sh"},
               {"bash", "-o", "vi"},
               {"bash", "-O", "extglob"},
               {"bash", "--rcfile", "/home/me/.otherrc"},
               {"bash", "--rcfile", "/home/me/.otherrc", "-i"},
               // What follows are arguments for what is typed.
               {"bash", "-s", "foo", "bar"},
               {"bash", "-is", "foo"},
               {"dash", "-s", "x"},
               // The terminal of an editor.
               {"/bin/bash", "--init-file", "/usr/share/code/out/shellIntegration-bash.sh"},
               {"/usr/bin/fish", "--init-command", "source /usr/share/code/out/fish.fish"},
               {"fish", "-C", "source x"}},
              "bash");
}

TEST_CASE("a shell that has a command or a script is a wrapper") {
    check_all(Role::wrapper,
              {{"sh", "-c", "npm run dev"},
               {"/bin/sh", "-c", "--", "vite"},
               {"bash", "-lc", "npm run dev"},
               {"bash", "-i", "-c", "npm run dev"},
               {"bash", "-euo", "pipefail", "-c", "npm run dev"},
               {"bash", "-o", "pipefail", "start.sh"},
               {"bash", "--norc", "start.sh"},
               {"bash", "--rcfile", "/home/me/.otherrc", "-c", "npm run dev"},
               {"bash", "start.sh"},
               {"/bin/dash", "/app/start.sh", "dev"},
               {"fish", "-c", "npm run dev"},
               {"fish", "-C", "source x", "start.fish"},
               {"busybox", "sh", "-c", "npm run dev"}},
              "bash");
}

TEST_CASE("what starts again whatever ends is a supervisor") {
    check_all(Role::supervisor, {{"PM2 v5.3.0: God Daemon (/home/me/.pm2)"},
                                 {"/lib/systemd/systemd", "--user"},
                                 {"/usr/bin/python3", "/usr/bin/supervisord", "-n"},
                                 {"runsv", "app"},
                                 {"s6-supervise", "app"},
                                 {"supervise", "app"},
                                 {"ruby", "/usr/local/bin/god"},
                                 {"overmind", "start"}});
    // Its own name tells, where its command line is another one.
    CHECK(role_of({"node", "/usr/lib/node_modules/pm2/lib/Daemon.js"}, "PM2 v5.3.0: God") ==
          Role::supervisor);
    CHECK(role_of({"/usr/bin/containerd-shim-runc-v2", "-id", "x"}, "containerd-shim") ==
          Role::supervisor);
}

TEST_CASE("of a process without arguments nothing is known") {
    check_all(Role::other, {{}, {""}, {"", ""}, {" "}, {"/"}, {"-"}, {"."}}, "");
    CHECK(role_of({}, "bash") == Role::other);
}
