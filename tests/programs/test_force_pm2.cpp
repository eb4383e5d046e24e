// --force at what pm2 runs: it would start it again, so its own word is named.

#include <signal.h>

#include <algorithm>

#include "holding.hpp"
#include "outsider.hpp"

using namespace once::test;

namespace {

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
