#include "plays.hpp"

#include <signal.h>

#include "aftermath.hpp"
#include "holding.hpp"
#include "surroundings.hpp"

namespace once::test {

namespace {

const std::vector<Role> usual = {Role::once, Role::keeper, Role::launcher};

Command server(Scenario& scene, const Command& options = {}) {
    Command command{"once", "-p", scene.port()};
    command.insert(command.end(), options.begin(), options.end());
    for (const Word& word : Command{"--", "actor", "listen", scene.port()}) command.push_back(word);
    return command;
}

/// Ends with 7, which nothing else does.
Command short_job(Scenario& scene, const Command& options = {}) {
    Command command{"once", "-p", scene.port()};
    command.insert(command.end(), options.begin(), options.end());
    for (const Word& word : Command{"--", "actor", "exit", *own_ending.code}) {
        command.push_back(word);
    }
    return command;
}

/// A server that stands, with its record.
std::optional<Running> standing(Scenario& scene, const Command& options) {
    const Running once = scene.launch(server(scene, options));
    eventually([&] { return count(whole_file(state_file(scene, ".json")), "ready_since") == 1; },
               "a record that says ready");
    return once;
}

void await_standing(Trial& trial) {
    trial.await([&] { return trial.is_inscribed_ready(); });
}

void end_by(Trial& trial, int signal) {
    await_standing(trial);
    trial.watched().signal(signal);
}

/// Two that ignore TERM beside the leader, which does not.
Command stubborn(Scenario& scene) {
    const std::string port = std::to_string(scene.port());
    return {"once",
            "--stop-timeout",
            "100ms",
            "-p",
            port,
            "--",
            "sh",
            "-c",
            "actor ignore-term & actor ignore-term & exec actor listen " + port};
}

void end_stubborn(Trial& trial, int signal) {
    trial.await([&] {
        return trial.is_inscribed_ready() && count(trial.watched().stdout_text(), "ready ") == 3;
    });
    trial.watched().signal(signal);
}

}  // namespace

Play short_launch() {
    return {"a short launch", usual,       {}, [](Scenario& scene) { return short_job(scene); },
            [](Trial&) {},    {own_ending}};
}

Play launch() {
    return {"a launch",
            usual,
            {},
            [](Scenario& scene) { return server(scene); },
            [](Trial& trial) { end_by(trial, SIGTERM); },
            {killed_by(SIGTERM)}};
}

Play replacing() {
    return {"replacing",
            usual,
            [](Scenario& scene) { return standing(scene, {}); },
            [](Scenario& scene) { return short_job(scene); },
            [](Trial&) {},
            {own_ending}};
}

Play being_replaced() {
    return {"being replaced",
            usual,
            {},
            [](Scenario& scene) { return server(scene); },
            [](Trial& trial) {
                await_standing(trial);
                trial.expect(short_job(trial.scene()), {own_ending});
            },
            {killed_by(SIGTERM)}};
}

Play stopping() {
    return {"stopping",
            {Role::once},
            [](Scenario& scene) { return standing(scene, {}); },
            [](Scenario& scene) {
                return Command{"once", "stop", scene.port()};
            },
            [](Trial&) {},
            {exited(0)}};
}

Play being_stopped() {
    return {"being stopped",
            usual,
            {},
            [](Scenario& scene) { return server(scene); },
            [](Trial& trial) {
                await_standing(trial);
                // Nobody is there any more if the holder was hit before.
                trial.expect({"once", "stop", trial.scene().port()}, {exited(0), exited(1)});
            },
            {killed_by(SIGTERM)}};
}

Play ending_by_term() {
    return {"an ending by TERM",
            usual,
            {},
            stubborn,
            [](Trial& trial) { end_stubborn(trial, SIGTERM); },
            {killed_by(SIGTERM)}};
}

Play ending_by_int() {
    return {
        "an ending by INT", usual, {}, stubborn, [](Trial& trial) { end_stubborn(trial, SIGINT); },
        {killed_by(SIGINT)}};
}

Play stale() {
    return {"stop --stale",
            {Role::once},
            [](Scenario& scene) -> std::optional<Running> {
                kill_both(hold_with_child(scene, {"-p", scene.port(), "--stop-timeout", "50ms"}));
                return std::nullopt;
            },
            [](Scenario&) {
                return Command{"once", "stop", "--stale"};
            },
            [](Trial&) {},
            {exited(0)},
            true};
}

Play detached() {
    return {"a detached launch",
            {Role::caller, Role::once, Role::keeper, Role::launcher},
            {},
            [](Scenario& scene) {
                return server(scene, {"-d", "--ready=5s", "--log", scene.folder() / "log"});
            },
            [](Trial& trial) {
                trial.await_return();
                trial.expect({"once", "stop", trial.scene().port()}, {exited(0), exited(1)});
            },
            {exited(0), killed_by(SIGTERM)}};  // stopped before it was up
}

Play restarting() {
    return {"restarting",
            {Role::once},
            [](Scenario& scene) {
                return standing(scene, {"--restart", "on-failure"});
            },
            [](Scenario& scene) {
                return Command{"once", "restart", scene.port()};
            },
            [](Trial&) {},
            {exited(0)}};
}

Play being_restarted() {
    return {"being restarted",
            usual,
            {},
            [](Scenario& scene) {
                return server(scene, {"--restart", "on-failure"});
            },
            [](Trial& trial) {
                await_standing(trial);
                // Whoever was hit does not run again: that is said.
                trial.expect({"once", "restart", trial.scene().port()},
                             {exited(0), exited(1), exited(69), exited(75)});
                trial.watched().signal(SIGTERM);
            },
            {killed_by(SIGTERM)}};
}

Play crashing() {
    return {"a job that fails",
            usual,
            {},
            [](Scenario& scene) {
                return short_job(scene, {"--restart", "on-failure", "--max-restarts", 1});
            },
            [](Trial&) {},
            {own_ending}};
}

}  // namespace once::test
