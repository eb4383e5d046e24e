// The start script of the README, as it stands there, on a real project.

#include <signal.h>

#include <filesystem>
#include <sstream>

#include "catch.hpp"
#include "documents.hpp"
#include "holding.hpp"
#include "life.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

const Program any = {};

/// The lines of that block, up to the first that is not indented.
std::string script_of_readme() {
    std::istringstream readme(document("README.md"));
    const std::string indent(4, ' ');
    std::string script;
    for (std::string line; std::getline(readme, line);) {
        if (script.empty() && line != indent + "#!/bin/sh -e") continue;
        if (!line.starts_with(indent)) break;
        script += line.substr(indent.size()) + '\n';
    }
    return script;
}

const std::string backend = R"(import os, socket

async def app(scope, receive, send):
    if scope["type"] == "http":
        with socket.create_connection(("localhost", int(os.environ["REDIS_PORT"]))) as redis:
            redis.sendall(b"PING\r\n")
            answer = redis.recv(99)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": answer})
)";

/// A project with services.sh, where the ports are ours.
class Services {
public:
    explicit Services(const std::string& wait_timeout = "30s")
        : project_("node"), redis_port_(project_.scene().another_port()) {
        const auto& folder = scene().folder();
        fs::create_directory(folder / "backend");
        fs::create_directory(folder / "frontend");
        scene().write_file("backend/app.py", backend);
        scene().write_file("frontend/package.json", R"({"scripts": {"dev": "vite"}})");
        for (const char* file : {"index.html", "vite.config.js"}) {
            fs::copy(folder / file, folder / "frontend");
        }
        fs::rename(folder / "node_modules", folder / "frontend/node_modules");
        scene().set("REDIS_PORT", std::to_string(redis_port_));
        auto script = script_of_readme();
        REQUIRE_THAT(script, has("uvicorn app:app"));
        replace_ports(script,
                      {{"8000", backend_port()}, {"5173", frontend_port()}, {"6379", redis_port_}});
        replace_all(script, "-- uvicorn", "-- /usr/bin/uvicorn");  // as with all of Python here
        replace_all(script, "--wait-for", "--wait-timeout " + wait_timeout + " --wait-for");
        scene().write_script("services.sh", script.substr(script.find('\n') + 1));
    }

    Scenario& scene() { return project_.scene(); }
    Project& project() { return project_; }
    int backend_port() { return project_.port(); }
    int frontend_port() const { return project_.other_port(); }

    Running launch(const Command& words) {
        Command command = {"sh", "-e", scene().folder() / "services.sh"};
        command.insert(command.end(), words.begin(), words.end());
        return scene().launch(command);
    }

    Finished run(const Command& words) {
        const Running script = launch(words);
        const auto ending = script.wait_ending();
        return {ending, script.stdout_text(), script.stderr_text()};
    }

    Running start_redis() {
        auto redis = scene().launch({"/usr/bin/redis-server", "--port", redis_port_, "--save", ""});
        redis.wait_for_output("Ready to accept connections");
        return redis;
    }

    bool is_up() {
        const auto status = run({"status"});
        return status.ending == exited(0) && count(status.stdout_text, " ready ") == 2;
    }

private:
    Project project_;
    int redis_port_;
};

void end(const Running& neighbour) {
    neighbour.signal(SIGTERM);
    (void)neighbour.wait_ending();
}

bool can_run_services() { return can_run({"vite", "/usr/bin/uvicorn", "/usr/bin/redis-server"}); }

}  // namespace

TEST_CASE("the start script of the README starts, shows, restarts and stops both services",
          "[programs][readme]") {
    if (!can_run_services()) return;
    Services services;
    const auto redis = services.start_redis();
    const auto start = services.run({"start"});
    CAPTURE(start.stderr_text);
    CHECK(start.ending == exited(0));
    CHECK(start.stderr_text.empty());
    CHECK(services.is_up());

    const auto again = services.run({"start"});
    CHECK(again.ending == exited(0));
    CHECK(count(again.stderr_text, "once: already running: ") == 2);

    const auto restart = services.run({"restart", services.backend_port()});
    CHECK(restart.ending == exited(0));
    CHECK(services.is_up());

    const auto reader = services.launch({"logs", services.backend_port()});
    reader.wait_for_output("\"GET / HTTP/1.1\" 200");
    CHECK(services.run({"stop"}).ending == exited(0));
    CHECK(reader.wait_ending() == exited(0));
    CHECK_FALSE(services.is_up());
    end(redis);
    check_nothing_left(services.project(), any);
}

TEST_CASE("the start script of the README starts nothing without its Redis", "[programs][readme]") {
    if (!can_run_services()) return;
    Services services("1s");
    const auto start = services.run({"start"});
    CHECK(start.ending == exited(69));
    CHECK_THAT(start.stderr_text, has("has not answered within 1 s: connection refused"));
    check_nothing_left(services.project(), any);
}

TEST_CASE("the start script of the README waits for its Redis", "[programs][readme]") {
    if (!can_run_services()) return;
    Services services;
    const auto start = services.launch({"start"});
    start.wait_for_error("waiting for tcp:localhost:");
    CHECK_FALSE(listening(services.backend_port()));
    const auto redis = services.start_redis();
    CHECK(start.wait_ending() == exited(0));
    CHECK(services.is_up());
    CHECK(services.run({"stop"}).ending == exited(0));
    end(redis);
    check_nothing_left(services.project(), any);
}

TEST_CASE("the start script of the README names who has the port of a service",
          "[programs][readme]") {
    if (!can_run_services()) return;
    Services services;
    const auto redis = services.start_redis();
    const auto stranger = services.scene().launch({"actor", "listen", services.frontend_port()});
    eventually([&] { return listening(services.frontend_port()); }, "the stranger listens");
    const auto start = services.run({"start"});
    CHECK(start.ending == exited(75));
    CHECK_THAT(start.stderr_text, has(pid_text(stranger.pid())));
    CHECK_FALSE(services.is_up());
    end(stranger);
    CHECK(services.run({"start"}).ending == exited(0));
    CHECK(services.is_up());
    CHECK(services.run({"stop"}).ending == exited(0));
    end(redis);
    check_nothing_left(services.project(), any);
}
