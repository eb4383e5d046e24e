// --ready in front of real servers: those that come up, and those that do not.

#include <signal.h>

#include <algorithm>

#include "catch.hpp"
#include "holding.hpp"
#include "life.hpp"

using namespace once::test;

namespace {

const Program any = {};

/// What becomes of a program whose server does not get its port.
enum class Fate { no_server, second_server, moved };

struct Unlucky {
    Program program;
    std::string says = "EADDRINUSE";
    Fate fate = Fate::no_server;
};

Unlucky watcher(std::vector<std::string> command, std::string package) {
    return {.program = {.command = std::move(command), .needs = {std::move(package)}}};
}

const Unlucky tsx = watcher({"npm", "run", "dev"}, "tsx");
const Unlucky nodemon = watcher({"npm", "run", "nodemon"}, "nodemon");
const Unlucky node_watch = watcher({"node", "--watch", "server.mjs"}, "tsx");
const Unlucky concurrently = {
    .program = {.command = {"npm", "run", "concurrently"}, .needs = {"concurrently"}},
    .fate = Fate::second_server};
const Unlucky vite = {
    .program = {.command = {"sh", "-c",
                            "until [ -e gate ]; do sleep 0.02; done; exec npm run vite"},
                .needs = {"vite"}},
    .says = "Local:",
    .fate = Fate::moved};

/// A launch that does not look while somebody else takes its port and its server fails.
class Misfortune {
public:
    Misfortune(Project& project, const Unlucky& unlucky, const std::string& ready)
        : scene_(project.scene()), once_(launch(project, unlucky.program, ready)) {
        leader_ = leader_of(once_.pid());
        once_.signal(SIGSTOP);
    }

    /// When the port is taken: lets the server try it, and once look again when that has failed.
    void go_on(Project& project, const Unlucky& unlucky) {
        scene_.write_file("gate", "");
        eventually([&] { return has_said(unlucky.says); }, "its server has failed");
        if (unlucky.fate == Fate::second_server) {
            eventually([&] { return listening(project.other_port()); }, "the second one listens");
        }
        CHECK(alive(leader_));
        once_.signal(SIGCONT);
    }

    const Running& once() const { return once_; }

private:
    static Running launch(Project& project, const Program& program, const std::string& ready) {
        project.scene().set("GATE", "gate");
        return project.scene().launch(project.once(program, {ready, "--stop-timeout", "1s"}));
    }

    bool has_said(const std::string& text) const {
        return count(once_.stdout_text(), text) + count(once_.stderr_text(), text) > 0;
    }

    Scenario& scene_;
    Running once_;
    pid_t leader_;
};

/// Of the job nobody is left, but its neighbour is.
void check_only_left(Project& project, const Running& neighbour) {
    std::string left;
    for (const Process& one : project.scene().survivors()) {
        if (one.pid != neighbour.pid()) left += "\n  " + portrait(one);
    }
    CAPTURE(left);
    CHECK(left.empty());
    neighbour.signal(SIGTERM);
    (void)neighbour.wait_ending();
    check_nothing_left(project, any);
}

/// A page that is compiled when it is first asked for takes its time.
void wait_until_noted_ready(Project& project) {
    const bool is_noted = within(4 * patience, [&] {
        const auto status = project.scene().run({"once", "status", "--json", project.port()});
        return count(status.stdout_text, "\"ready_since\"") == 1;
    });
    REQUIRE(is_noted);
    CHECK(project.scene().run({"once", "status", project.port()}).ending == exited(0));
}

void check_becomes_ready(Project& project, const Program& program,
                         const std::vector<std::string>& options) {
    const Running once = project.scene().launch(project.once(program, options));
    wait_until_noted_ready(project);
    CHECK(count(once.stderr_text(), "once: ") == 0);
    once.signal(SIGTERM);
    (void)once.wait_ending();
    check_nothing_left(project, program);
}

std::string url_of(Project& project, const std::string& path) {
    return "http://localhost:" + std::to_string(project.port()) + path;
}

void check_becomes_ready(const Program& program) {
    if (!can_run(program.needs)) return;
    SECTION("with --ready") {
        Project project(program.project);
        check_becomes_ready(project, program, {"--ready"});
    }
    SECTION("with --ready-url") {
        Project project(program.project);
        check_becomes_ready(project, program,
                            {"--ready=120s", "--ready-url", url_of(project, "/")});
    }
}

/// Its port is listened on by a stranger.
void check_loses(Project& project, const Unlucky& unlucky) {
    Misfortune misfortune(project, unlucky, "--ready");
    const Running stranger = project.scene().launch({"actor", "listen", project.port()});
    eventually([&] { return listening(project.port()); }, "the stranger listens");
    misfortune.go_on(project, unlucky);

    CHECK(misfortune.once().wait_ending() == exited(69));
    const std::string& words = misfortune.once().stderr_text();
    CHECK_THAT(words, has("did not become ready: somebody else listens on port " +
                          std::to_string(project.port()) + "\n"));
    CHECK_THAT(words, has(pid_text(stranger.pid())));
    check_only_left(project, stranger);
}

/// What is said of it when its time is over.
std::string portrait_of(const Unlucky& unlucky, Project& project) {
    const auto port = std::to_string(project.port());
    switch (unlucky.fate) {
        case Fate::no_server:
            return "it does not listen on port " + port + "\n";
        case Fate::second_server:
            return "it listens on port " + std::to_string(project.other_port()) + ", not on " +
                   port + "\n";
        case Fate::moved:
            break;  // to the next port that is free
    }
    return ", not on " + port + "\n";
}

/// Its port is had by somebody who does not listen, so that its server cannot have it.
void check_is_late(Project& project, const Unlucky& unlucky) {
    if (!can_run({"/usr/bin/python3"})) return;
    Misfortune misfortune(project, unlucky, "--ready=3s");
    const Running holder = project.scene().launch({"/usr/bin/python3", "hold.py", project.port()});
    holder.wait_for_output("bound");
    misfortune.go_on(project, unlucky);

    CHECK(misfortune.once().wait_ending() == exited(69));
    const std::string& words = misfortune.once().stderr_text();
    CHECK_THAT(words, has(" was not ready within 3 s: it "));
    CHECK_THAT(words, has(portrait_of(unlucky, project)));
    check_only_left(project, holder);
}

void check_without_port(const Unlucky& unlucky) {
    if (!can_run(unlucky.program.needs)) return;
    Project project("node");
    SECTION("since a stranger listens") { check_loses(project, unlucky); }
    SECTION("since somebody has it without listening") { check_is_late(project, unlucky); }
}

}  // namespace

TEST_CASE("with --ready tsx watch that lives on without a server is ended, with 69",
          "[programs][ready]") {
    check_without_port(tsx);
}
TEST_CASE("with --ready nodemon that lives on without a server is ended, with 69",
          "[programs][ready]") {
    check_without_port(nodemon);
}
TEST_CASE("with --ready node --watch that lives on without a server is ended, with 69",
          "[programs][ready]") {
    check_without_port(node_watch);
}
TEST_CASE("with --ready concurrently that lives on with half of its servers is ended, with 69",
          "[programs][ready]") {
    check_without_port(concurrently);
}
TEST_CASE("with --ready vite that moves to the next port is ended, with 69", "[programs][ready]") {
    check_without_port(vite);
}

TEST_CASE("vite becomes ready", "[programs][ready]") {
    check_becomes_ready({.command = {"npm", "run", "vite"}, .needs = {"vite"}});
}
TEST_CASE("next dev becomes ready, when it has compiled its page", "[programs][ready]") {
    check_becomes_ready(
        {.command = {"npm", "run", "next"}, .needs = {"next"}, .leaves_daemon = true});
}
TEST_CASE("uvicorn --reload becomes ready", "[programs][ready]") {
    check_becomes_ready({.command = {"/usr/bin/uvicorn", "asgi:app", "--port", "PORT", "--reload"},
                         .needs = {"/usr/bin/uvicorn"},
                         .project = "python"});
}

TEST_CASE("a server that listens but answers 404 is not ready", "[programs][ready]") {
    const Program server = {.command = {"/usr/bin/python3", "-m", "http.server", "PORT"},
                            .needs = {"/usr/bin/python3"},
                            .project = "python"};
    if (!can_run(server.needs)) return;
    Project project(server.project);
    const auto url = url_of(project, "/nothing");
    const auto once = project.scene().run(project.once(server, {"--ready=3s", "--ready-url", url}));
    CHECK(once.ending == exited(69));
    CHECK_THAT(once.stderr_text, has(" was not ready within 3 s: " + url + ": it answers 404\n"));
    check_nothing_left(project, server);
}

TEST_CASE("a server that accepts and never answers is not ready", "[programs][ready]") {
    const Program server = {
        .command = {"node", "-e", "require('net').createServer().listen(process.env.PORT)"},
        .needs = {"tsx"}};
    if (!can_run(server.needs)) return;
    Project project(server.project);
    const auto url = url_of(project, "/");
    const auto once = project.scene().run(project.once(server, {"--ready=3s", "--ready-url", url}));
    CHECK(once.ending == exited(69));
    CHECK_THAT(once.stderr_text, has(url + ": it accepts, but does not answer\n"));
    check_nothing_left(project, server);
}
