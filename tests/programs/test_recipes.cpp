// The recipes of docs/recipes.md, as they stand there, with real programs.

#include <signal.h>

#include <algorithm>
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

/// With our ports in place of those that stand there.
std::string recipe(Project& project, const std::string& heading, std::size_t number = 0) {
    auto text = blocks_below(heading, document("docs/recipes.md")).at(number);
    replace_ports(text, {{"8001", project.port()}, {"5173", project.other_port()}});
    return text;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

void write_package(Project& project, const fs::path& folder, const std::string& scripts) {
    project.scene().write_file(
        folder / "package.json",
        R"({"name": "shop", "private": true, "type": "module", )" + scripts + "}\n");
}

void write_typescript(Project& project) {
    fs::create_directory(project.scene().folder() / "src");
    project.scene().write_file(
        "src/index.ts",
        "import { serve } from \"../serve.mjs\";\nserve(Number(process.env.PORT));\n");
}

void stop(Project& project, const std::vector<int>& ports) {
    Command command = {"once", "stop"};
    for (const int port : ports) command.emplace_back(port);
    CHECK(project.scene().run(command).ending == exited(0));
}

/// A second launch takes the place of the first.
void check_replacing(Project& project, const Command& command, const std::vector<int>& ports) {
    const Running first = project.scene().launch(command);
    project.wait_until_ready();
    const Running second = project.scene().launch(command);
    (void)first.wait_ending();
    CHECK(count(first.stdout_text() + first.stderr_text(), "replaced by") >= 1);
    project.wait_until_ready();
    eventually([&] { return std::all_of(ports.begin(), ports.end(), listening); }, "all listen");
    stop(project, ports);
    (void)second.wait_ending();
    check_nothing_left(project, any);
}

Finished run_line(Project& project, const std::string& line) {
    CAPTURE(line);
    auto finished = project.scene().run({"sh", "-e", "-c", line});
    CAPTURE(finished.stderr_text);
    CHECK(finished.ending == exited(0));
    return finished;
}

/// The words of `["once", "-p"]`.
void add_words(Command& command, const std::string& list) {
    for (auto begin = list.find('"'); begin != std::string::npos; begin = list.find('"', begin)) {
        const auto end = list.find('"', ++begin);
        command.emplace_back(list.substr(begin, end - begin));
        begin = end + 1;
    }
}

/// The server of a recipe for Python, with the interpreter of the system.
void check_python(const std::string& program, const std::string& example) {
    if (!can_run({"/usr/bin/" + program})) return;
    Project project("python");
    fs::copy(project.scene().folder() / example, project.scene().folder() / "app.py");
    for (auto line : lines_of(recipe(project, "## uvicorn, gunicorn, flask, django"))) {
        if (count(line, "-- " + program + " ") == 0) continue;
        replace_all(line, "-- ", "-- /usr/bin/");
        const Running once = project.scene().launch({"sh", "-c", "exec " + line});
        project.wait_until_ready();
        stop(project, {project.port()});
        (void)once.wait_ending();
        check_nothing_left(project, any);
        return;
    }
    FAIL("there is no recipe for " << program);
}

}  // namespace

TEST_CASE("the recipe for npm and pnpm replaces the server of the first terminal",
          "[programs][recipes]") {
    if (!can_run({"pnpm", "tsx"})) return;
    const char* const manager = GENERATE("npm", "node_modules/.bin/pnpm");
    CAPTURE(manager);
    Project project("node");
    write_typescript(project);
    write_package(project, ".", recipe(project, "## npm, pnpm, yarn"));
    check_replacing(project, {manager, "run", "dev"}, {project.port()});
}

TEST_CASE("the recipe for turbo replaces what a killed turbo has left", "[programs][recipes]") {
    if (!can_run({"turbo"})) return;
    Project project("turbo");
    project.scene().write_file("turbo.json", recipe(project, "## turbo"));
    write_package(project, "apps/web", recipe(project, "## turbo", 1));
    const Running first = project.scene().launch({"npm", "run", "dev"});
    project.wait_until_ready();
    REQUIRE(kill(-first.pid(), SIGKILL) == 0);
    (void)first.wait_ending();
    CHECK(listening(project.port()));
    const Running second = project.scene().launch({"npm", "run", "dev"});
    eventually([&] { return count(second.stdout_text(), "once: replaced ") == 1; }, "replaced");
    project.wait_until_ready();
    stop(project, {project.port()});
    (void)second.wait_ending();
    check_nothing_left(project, any);
}

TEST_CASE("the recipe for concurrently replaces both servers", "[programs][recipes]") {
    if (!can_run({"concurrently", "tsx", "vite"})) return;
    Project project("node");
    write_typescript(project);
    write_package(project, ".", recipe(project, "## concurrently"));
    check_replacing(project, {"npm", "run", "dev"}, {project.port(), project.other_port()});
}

TEST_CASE("the recipes for Python serve, and are wholly ended", "[programs][recipes]") {
    SECTION("uvicorn") { check_python("uvicorn", "asgi.py"); }
    SECTION("gunicorn") { check_python("gunicorn", "wsgi.py"); }
    SECTION("flask") { check_python("flask", "wsgi.py"); }
}

TEST_CASE("the recipe for django serves, and is wholly ended", "[programs][recipes]") {
    if (!can_run({"/usr/bin/django-admin"})) return;
    Project project("python");
    run_line(project, "/usr/bin/django-admin startproject site_of_ours .");
    const auto line = lines_of(recipe(project, "## uvicorn, gunicorn, flask, django")).at(3);
    const Running once = project.scene().launch({"sh", "-c", "PATH=/usr/bin:$PATH; " + line});
    project.wait_until_ready();
    stop(project, {project.port()});
    (void)once.wait_ending();
    check_nothing_left(project, any);
}

TEST_CASE("the recipe for scripts and agents may be called again, and each of its lines succeeds",
          "[programs][recipes]") {
    if (!can_run({"tsx"})) return;
    Project project("node");
    write_package(project, ".", R"("scripts": {"dev": "node server.mjs"})");
    const auto lines = lines_of(recipe(project, "## A script that is called again and again"));
    REQUIRE(lines.size() == 5);
    run_line(project, lines[0]);
    CHECK(listening(project.port()));
    CHECK_THAT(run_line(project, lines[0]).stderr_text, has("once: already running: "));
    CHECK_THAT(run_line(project, lines[1]).stdout_text, has(R"("state": "ready")"));
    CHECK_THAT(run_line(project, lines[2]).stdout_text, has("serving "));
    run_line(project, lines[3]);
    project.wait_until_ready();
    run_line(project, lines[4]);
    check_nothing_left(project, any);
}

TEST_CASE("the recipe for CI ends with the status of the tests, and leaves no server",
          "[programs][recipes]") {
    if (!can_run({"tsx"})) return;
    const int status = GENERATE(0, 1);
    Project project("node");
    write_package(project, ".",
                  R"("scripts": {"dev": "node server.mjs", "test": "node check.mjs"})");
    project.scene().write_file(
        "check.mjs",
        "const answer = await fetch(`http://127.0.0.1:${process.env.OUR_PORT}/`);\n"
        "process.exit(answer.ok ? " +
            std::to_string(status) + " : 9);\n");
    const auto job = project.scene().run({"sh", "-e", "-c", recipe(project, "## CI")});
    CAPTURE(job.stdout_text, job.stderr_text);
    CHECK(job.ending == exited(status));
    check_nothing_left(project, any);
}

TEST_CASE("the commands of the recipe for Docker end in order as pid 1", "[programs][recipes]") {
    Project project("node");
    Command command = {"unshare", "--user", "--map-current-user",
                       "--fork",  "--pid",  "--mount-proc"};
    for (const auto& line : lines_of(recipe(project, "## Docker"))) {
        if (line.starts_with("ENTRYPOINT") || line.starts_with("CMD")) add_words(command, line);
    }
    REQUIRE(command.size() == 12);
    const auto space = project.scene().launch(command);
    eventually([&] { return listening(project.port()) || space.ended(); }, "it listens");
    if (space.ended()) {
        WARN("skipped: no pid namespace can be made here");
        return;
    }
    const auto inside = children_of(space.pid());
    REQUIRE(inside.size() == 1);
    REQUIRE(kill(inside.front(), SIGTERM) == 0);
    CHECK(space.wait_ending() == exited(0));
    CHECK(count(project.notes(), "SIGTERM") == 1);
    CHECK(count(project.notes(), "stopped") == 1);
    check_nothing_left(project, any);
}

TEST_CASE("what the recipe for systemd says is said by the example unit", "[programs][recipes]") {
    const auto unit = document("packaging/systemd/backend.service");
    for (const auto& line : lines_of(blocks_below("## systemd", document("docs/recipes.md"))[0])) {
        CHECK_THAT(unit, has(line + "\n"));
    }
}

TEST_CASE("every command line of the README and of the recipes is accepted",
          "[programs][recipes]") {
    const std::string name = GENERATE("README.md", "docs/recipes.md");
    Scenario scene;
    const auto lines = command_lines(document(name));
    CHECK(lines.size() > 10);
    for (auto line : lines) {
        CAPTURE(name, line);
        if (line.starts_with("once -")) line.insert(5, "--dry-run ");
        if (line.starts_with("once stop ")) line.insert(10, "--dry-run ");
        const auto tried = scene.run({"sh", "-c", line});
        CAPTURE(tried.stderr_text);
        const int status = tried.ending.code.value_or(125);
        CHECK((status == 0 || status == 1 || status == 69 || status == 75 || status == 127));
    }
}
