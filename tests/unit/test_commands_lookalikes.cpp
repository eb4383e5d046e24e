// Command lines that only look like a watcher's or a wrapper's: whoever took them for one would end
// a process, and all below it, that has nothing to do with a port.

#include <string>
#include <vector>

#include "catch.hpp"
#include "claim/commands.hpp"

using once::claim::is_helper;
using once::claim::Role;
using once::claim::role_of;

namespace {

using Words = std::vector<std::string>;

void check_all(Role role, const std::vector<Words>& commands) {
    for (const auto& command : commands) {
        std::string text;
        for (const auto& word : command) text += '<' + word + '>';
        CAPTURE(text);
        CHECK(role_of(command, command.front().substr(0, 15)) == role);
    }
}

}  // namespace

TEST_CASE("who only reads or edits a watcher's files is no watcher") {
    check_all(Role::other, {{"vim", "vite.config.ts"},
                            {"/usr/bin/vim", "/app/node_modules/vite/bin/vite.js"},
                            {"less", "nodemon.json"},
                            {"tail", "-f", "uvicorn.log"},
                            {"grep", "nodemon"},
                            {"grep", "-r", "nodemon", "."},
                            {"man", "make"},
                            {"watch", "npm", "run", "dev"},
                            {"ssh", "host", "npm", "run", "dev"},
                            {"strace", "-f", "nodemon", "server.js"},
                            {"./nodemon-notes.sh"},
                            {"/home/me/bin/vite-report", "--watch"}});
}

TEST_CASE("somebody's own script is no watcher because it has a watcher's name") {
    check_all(Role::other, {{"node", "vite.js"},
                            {"node", "/home/me/app/next.mjs", "dev"},
                            {"node", "./air.ts"},
                            {"python", "flask.py"},
                            {"/usr/bin/python3", "-u", "/home/me/app/uvicorn.py"},
                            {"python3", "/home/me/node_modules.py"},
                            {"node", "nodemon-notes.js"},
                            {"node", "/home/me/yarn-notes.js"},
                            {"pythonista", "/usr/bin/uvicorn"},
                            {"node", "--title", "nodemon", "server.js"}});
    // A shell's script stands for nothing but what it has started.
    check_all(Role::wrapper, {{"/bin/sh", "./nodemon-notes.sh"}, {"bash", "/home/me/nodemon.sh"}});
}

TEST_CASE("a process's title is text, and makes a watcher or a wrapper only of who writes one") {
    check_all(Role::other, {{"air traffic control", "", ""},
                            {"next generation server"},
                            {"vite la France"},
                            {"time tracker"},
                            {"make believe", ""},
                            {"task 7 of 9"},
                            {"fish tank"},
                            {"flask: 2 bottles"}});
    check_all(Role::watcher, {{"gunicorn: master [app:app]"},
                              {"puma 6.4.0 (tcp://localhost:3000) [app]"},
                              {"ng serve"},
                              {"nodemon"},
                              {"node /app/node_modules/.bin/nodemon server.js", "", ""}});
}

TEST_CASE("a script's own word `watch` does not make a watcher of its interpreter") {
    check_all(Role::other, {{"node", "dev.js", "--watch"},
                            {"deno", "run", "dev.ts", "--watch"},
                            {"deno", "run", "-A", "dev.ts", "watch"}});
    // bun and cargo are what they are without it.
    check_all(
        Role::manager,
        {{"bun", "dev.ts", "watch"}, {"bun", "nodemon.ts"}, {"bun", "run", "dev.ts", "--watch"}});
    check_all(Role::wrapper, {{"cargo", "run", "--", "--watch"}, {"dotnet", "run", "watch"}});
    check_all(Role::watcher, {{"bun", "run", "--watch", "server.ts"},
                              {"deno", "run", "-A", "--watch", "server.ts"},
                              {"deno", "serve", "--watch-hmr", "server.ts"},
                              {"node", "-r", "dotenv/config", "--watch", "server.js"}});
}

TEST_CASE("a watcher that can have several jobs is climbed to like a wrapper") {
    check_all(Role::wrapper, {{"modd"}, {"/usr/local/bin/reflex", "-c", "reflex.conf"}});
}

TEST_CASE("esbuild is a helper as somebody's service, and a job of its own otherwise") {
    CHECK(is_helper(
        {"/app/node_modules/@esbuild/linux-x64/bin/esbuild", "--service=0.25.0", "--ping"}));
    CHECK_FALSE(is_helper({"/app/node_modules/@esbuild/linux-x64/bin/esbuild", "src/x.ts",
                           "--bundle", "--servedir=www", "--watch"}));
    CHECK_FALSE(is_helper({"node", "server.js", "--service=web"}));
    CHECK_FALSE(is_helper({}));
}
