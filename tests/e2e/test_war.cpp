// Two who take a slot from each other again and again: the newcomer is refused. A person is one.

#include <signal.h>

#include <filesystem>

#include "holding.hpp"

using namespace once::test;

namespace {

std::string text(int number) { return std::to_string(number); }

/// A shell that does what it is told: one starter.
class Starter {
public:
    explicit Starter(Scenario& scene)
        : scene_(scene), shell_(scene.launch({"sh"}, {.input = Input::pipe})) {}

    pid_t pid() const { return shell_.pid(); }
    const Running& shell() const { return shell_; }

    void type(const std::string& line) const { shell_.write_input(line + "\n"); }

    /// Launches a job in its background, and waits until it stands and its record says so.
    void launch(const std::string& options = "") {
        const int before = count(shell_.stdout_text(), "locked\n");
        type("once -n x " + options + "-- actor lock proof &");
        eventually([&] { return count(shell_.stdout_text(), "locked\n") > before; },
                   "its job stands");
        const pid_t leader = last_leader();
        wait_until_inscribed(scene_, {shell_, leader});
    }

    /// The pid of the job that stood last.
    pid_t last_leader() const {
        const std::string& all = shell_.stdout_text();
        return std::stoi(all.substr(all.rfind("ready ") + 6));
    }

    /// Its next launch is refused: the status that the shell sees.
    std::string launch_in_vain(const std::string& options = "") {
        const int before = count(shell_.stdout_text(), "status ");
        type("once -n x " + options + "-- touch done; echo \"status $?.\"");
        eventually([&] { return count(shell_.stdout_text(), "status ") > before; },
                   "its launch has ended");
        const std::string& all = shell_.stdout_text();
        const auto start = all.rfind("status ") + 7;
        return all.substr(start, all.find('.', start) - start);
    }

private:
    Scenario& scene_;
    Running shell_;
};

/// One has the slot, taken from the other: three changes, counted from the first taking.
struct War {
    explicit War(Scenario& scene) : one(scene), other(scene) {
        one.launch();
        other.launch();
        one.launch();
        other.launch();
    }
    Starter one;
    Starter other;
};

void end_all(Scenario& scene) {
    (void)scene.run({"once", "stop", "--all"});
    for (const Process& one : scene.survivors()) (void)kill(one.pid, SIGTERM);
}

}  // namespace

TEST_CASE("two starters that take a slot from each other: the third change is the last", "[war]") {
    Scenario scene;
    War war(scene);
    const pid_t leader = war.other.last_leader();
    CHECK(war.one.launch_in_vain() == "75");
    const std::string& said = war.one.shell().stderr_text();
    CHECK_THAT(said, has("once: name 'x' is held by 'actor lock") &&
                         has("sh (pid " + text(war.one.pid()) + ") and sh (pid " +
                             text(war.other.pid()) + ") take the slot from each other") &&
                         has("3 times within a minute"));
    CHECK(alive(leader));
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "done"));
    // And so it stays, whatever is tried.
    CHECK(war.one.launch_in_vain() == "75");
    CHECK(war.one.launch_in_vain("--force ") == "75");
    CHECK(alive(leader));
    end_all(scene);
}

TEST_CASE("of two that are at war the one who has the slot may restart", "[war]") {
    Scenario scene;
    War war(scene);
    for (int restart = 0; restart < 5; ++restart) war.other.launch();
    CHECK(war.one.launch_in_vain() == "75");
    end_all(scene);
}

TEST_CASE("a third one may take the slot from two that are at war", "[war]") {
    Scenario scene;
    War war(scene);
    Starter third(scene);
    third.launch();
    CHECK(alive(third.last_leader()));
    end_all(scene);
}

TEST_CASE("a war is over when the slot was free, and once stop is never refused", "[war]") {
    Scenario scene;
    War war(scene);
    CHECK(war.one.launch_in_vain() == "75");
    war.one.type("once stop x; echo stopped $?.");
    war.one.shell().wait_for_output("stopped 0.");
    war.one.launch();
    CHECK(alive(war.one.last_leader()));
    end_all(scene);
}

TEST_CASE("a starter that takes the slot twice is not at war yet", "[war]") {
    Scenario scene;
    Starter one(scene);
    Starter other(scene);
    one.launch();
    other.launch();
    one.launch();
    one.launch();
    one.launch();
    other.launch();
    CHECK(alive(other.last_leader()));
    CHECK(one.launch_in_vain() == "75");
    end_all(scene);
}

TEST_CASE("two restart loops come to rest: one is refused, one has the slot", "[war]") {
    Scenario scene;
    const std::string loop =
        "until once -n x -- actor lock proof; [ $? -eq 75 ]; do :; done; echo refused";
    const auto one = scene.launch({"sh", "-c", loop});
    const auto other = scene.launch({"sh", "-c", loop});
    const auto is_refused = [](const Running& running) {
        return count(running.stdout_text(), "refused") == 1;
    };
    eventually([&] { return is_refused(one) || is_refused(other); }, "one is refused");
    const auto& loser = is_refused(one) ? one : other;
    const auto& winner = is_refused(one) ? other : one;
    CHECK(loser.wait_ending() == exited(0));
    CHECK_FALSE(winner.ended());
    CHECK_FALSE(is_refused(winner));
    CHECK(count(loser.stdout_text(), "second") == 0);
    CHECK(count(winner.stdout_text(), "second") == 0);
    REQUIRE(kill(winner.pid(), SIGKILL) == 0);
    CHECK(scene.run({"once", "stop", "x"}).ending == exited(0));
}

TEST_CASE("ten restarts from one shell are never refused", "[war]") {
    Scenario scene;
    Starter person(scene);
    for (int restart = 0; restart < 10; ++restart) person.launch();
    CHECK_THAT(person.shell().stderr_text(), !has("take the slot"));
    CHECK(count(person.shell().stderr_text(), "once: replaced '") == 9);
    end_all(scene);
}

TEST_CASE("ten restarts through a shell of their own, below one script, are never refused",
          "[war]") {
    Scenario scene;
    const auto restart =
        scene.write_script("restart", "once -n x -- actor lock proof\necho over $?\n");
    Starter script(scene);
    for (int round = 0; round < 10; ++round) {
        const int before = count(script.shell().stdout_text(), "locked\n");
        script.type("sh -c '" + restart.string() + "; :' &");
        eventually([&] { return count(script.shell().stdout_text(), "locked\n") > before; },
                   "its job stands");
        wait_until_inscribed(scene, {script.shell(), script.last_leader()});
    }
    eventually([&] { return count(script.shell().stdout_text(), "over 143\n") == 9; },
               "nine were replaced");
    CHECK_THAT(script.shell().stdout_text(), !has("over 75"));
    end_all(scene);
}
