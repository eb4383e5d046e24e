// --reuse and --wait; replacing holders that do not answer; launches that meet a newer one.

#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "holding.hpp"

using namespace once::test;

namespace {

const Command touch{"touch", "done"};

bool was_touched(const Scenario& scene) { return std::filesystem::exists(scene.folder() / "done"); }

void wait_until_state_is(Scenario& scene, const std::string& state) {
    eventually(
        [&] {
            const auto status = scene.run({"once", "status", "--json"}).stdout_text;
            return json_value(status, "state") == "\"" + state + "\"";
        },
        "status says " + state);
}

}  // namespace

TEST_CASE("a reuse of a job that listens says so and exits 0", "[slots][reuse]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    const auto reused = scene.run(with_options({"--reuse", "-p", scene.port()}, touch));
    CHECK(reused.ending == exited(0));
    CHECK_THAT(reused.stderr_text, has("already running") && has(pid_text(holder.once.pid())));
    CHECK(reused.stdout_text.empty());
    CHECK_FALSE(was_touched(scene));
    CHECK_FALSE(holder.once.ended());
}

TEST_CASE("a reuse of a job without a port needs no more than that it runs", "[slots][reuse]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    CHECK(scene.run(with_options({"--reuse", "-n", "x"}, touch)).ending == exited(0));
    CHECK_FALSE(was_touched(scene));
    CHECK_FALSE(holder.once.ended());
}

TEST_CASE("a reuse of a free slot launches", "[slots][reuse]") {
    Scenario scene;
    CHECK(scene.run(with_options({"--reuse", "-p", scene.port()}, touch)).ending == exited(0));
    CHECK(was_touched(scene));
}

TEST_CASE("a launch with --reuse waits for a job that has yet to listen", "[slots][reuse]") {
    Scenario scene;
    REQUIRE(mkfifo((scene.folder() / "go").c_str(), 0600) == 0);
    const auto starting = scene.launch({"once", "-p", scene.port(), "--", "sh", "-c",
                                        "echo begun; read line < go; exec actor listen $PORT"});
    starting.wait_for_output("begun");
    const auto reused = scene.launch(with_options({"--reuse", "-p", scene.port()}, touch));
    reused.wait_for_error("waiting for port");
    CHECK_FALSE(reused.ended());
    std::ofstream(scene.folder() / "go") << "go\n";
    CHECK(reused.wait_ending() == exited(0));
    CHECK(listening(scene.port()));
    CHECK_FALSE(was_touched(scene));
    CHECK_FALSE(starting.ended());
}

TEST_CASE("a launch with --reuse launches when the job that has yet to listen ends without",
          "[slots][reuse]") {
    Scenario scene;
    REQUIRE(mkfifo((scene.folder() / "go").c_str(), 0600) == 0);
    const auto starting = scene.launch(
        {"once", "-p", scene.port(), "--", "sh", "-c", "echo begun; read line < go; exit 3"});
    starting.wait_for_output("begun");
    const auto next = scene.launch(with_options({"--reuse", "-p", scene.port()}, touch));
    next.wait_for_error("waiting for port");
    std::ofstream(scene.folder() / "go") << "go\n";
    CHECK(starting.wait_ending() == exited(3));
    CHECK(next.wait_ending() == exited(0));
    CHECK(was_touched(scene));
}

TEST_CASE("a launch with --reuse replaces a job that is suspended", "[slots][reuse]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    REQUIRE(kill(holder.leader, SIGSTOP) == 0);
    eventually([&] { return process_state(holder.leader) == 'T'; }, "the job is stopped");
    (void)hold_port(scene, {"--reuse"});
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("a launch with --reuse replaces a job that listens no more", "[slots][reuse]") {
    Scenario scene;
    const auto holder =
        scene.launch({"once", "-p", scene.port(), "--", "sh", "-c",
                      "actor listen $PORT & wait $!; echo deaf; exec actor print-signals"});
    wait_until_state_is(scene, "ready");
    eventually(
        [&] {
            return !json_value(scene.run({"once", "status", "--json"}).stdout_text, "ready_since")
                        .empty();
        },
        "once has seen it listen");
    REQUIRE(kill(listener_pids(scene.port()).at(0), SIGTERM) == 0);
    holder.wait_for_output("deaf\nready");
    CHECK_FALSE(holder.ended());
    (void)hold_port(scene, {"--reuse"});
    CHECK(holder.wait_ending() == exited(0));
    CHECK_THAT(holder.stdout_text(), has("got SIGTERM"));
}

TEST_CASE("the option --wait runs the command when the holder has ended", "[slots][wait]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    const auto waiting = scene.launch(with_options({"--wait", "-p", scene.port()}, touch));
    waiting.wait_for_error("waiting for port");
    CHECK_THAT(waiting.stderr_text(), has(pid_text(holder.once.pid())));
    CHECK_FALSE(was_touched(scene));
    CHECK_FALSE(holder.once.ended());
    holder.once.signal(SIGTERM);
    CHECK(waiting.wait_ending() == exited(0));
    CHECK(was_touched(scene));
    CHECK(count(waiting.stderr_text(), "\n") == 1);
}

TEST_CASE("the option --wait waits for a holder from another folder as well", "[slots][wait]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"}, {.folder = scene.another_folder("elsewhere")});
    const auto waiting = scene.launch(with_options({"--wait", "-n", "x"}, touch));
    waiting.wait_for_error("waiting for name 'x'");
    holder.once.signal(SIGTERM);
    CHECK(waiting.wait_ending() == exited(0));
}

TEST_CASE("the option --wait with a time gives up with 75 when it is over", "[slots][wait]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const auto begun = boot_time();
    const auto waited = scene.run(with_options({"-w300ms", "-n", "x"}, touch));
    CHECK(waited.ending == exited(75));
    CHECK_THAT(waited.stderr_text, has("still held by") && has(pid_text(holder.once.pid())));
    CHECK(boot_time() - begun >= 300'000'000);
    CHECK_FALSE(was_touched(scene));
    CHECK_FALSE(holder.once.ended());
    CHECK(scene.run(with_options({"--wait=0", "-n", "x"}, touch)).ending == exited(75));
}

TEST_CASE("who waits is ended by a signal, and nothing was launched", "[slots][wait]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        const auto waiting = scene.launch(with_options({"--wait", "-n", "x"}, touch));
        waiting.wait_for_error("waiting for");
        waiting.signal(number);
        CHECK(waiting.wait_ending() == killed_by(number));
    }
    CHECK_FALSE(was_touched(scene));
    CHECK_FALSE(holder.once.ended());
}

TEST_CASE("a job that ignores TERM is killed when its stop timeout is over, then replaced",
          "[slots][replace]") {
    Scenario scene;
    const auto stubborn = scene.launch({"once", "-p", scene.port(), "--stop-timeout", "300ms", "--",
                                        "actor", "ignore-term", scene.port()});
    stubborn.wait_for_output("listening");
    const auto begun = boot_time();
    (void)hold_port(scene);
    CHECK(boot_time() - begun >= 300'000'000);
    CHECK(stubborn.wait_ending() == killed_by(SIGKILL));
}

TEST_CASE("a job that stops slowly is given its time, then replaced", "[slots][replace]") {
    Scenario scene;
    const auto slow = scene.launch(
        {"once", "-p", scene.port(), "--", "actor", "listen-slow-stop", scene.port(), 500});
    slow.wait_for_output("listening");
    (void)hold_port(scene);
    CHECK(slow.wait_ending() == exited(0));
    CHECK_THAT(slow.stdout_text(), has("stopped"));
}

TEST_CASE("a holder whose once, keeper or job is suspended is replaced all the same",
          "[slots][replace]") {
    Scenario scene;
    for (const bool stops_once : {true, false}) {
        for (const bool stops_keeper : {true, false}) {
            const auto holder = hold_port(scene, {"--stop-timeout", "300ms"});
            wait_until_inscribed(scene, holder);
            std::vector<pid_t> stopped{holder.leader};
            if (stops_once) stopped.push_back(holder.once.pid());
            if (stops_keeper) stopped.push_back(parent_of(holder.leader));
            for (const pid_t pid : stopped) {
                REQUIRE(kill(pid, SIGSTOP) == 0);
                eventually([&] { return process_state(pid) == 'T'; }, "it is stopped");
            }
            const auto next = hold_port(scene);
            CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
            next.once.signal(SIGTERM);
            (void)next.once.wait_ending();
        }
    }
}

TEST_CASE("a launch that meets a newer one gives way with 75, and says to whom",
          "[slots][replace]") {
    Scenario scene;
    const auto holder =
        scene.launch({"once", "-n", "x", "--", "actor", "listen-slow-stop", scene.port(), 1500});
    holder.wait_for_output("listening");
    const auto older = scene.launch(with_options({"-n", "x"}, touch));
    holder.wait_for_error("replaced by");
    const auto newer = scene.launch(with_options({"-n", "x"}, job(scene)));
    CHECK(older.wait_ending() == exited(75));
    CHECK_THAT(older.stderr_text(), has("newer launch") && has(pid_text(newer.pid())));
    newer.wait_for_output("locked");
    CHECK_FALSE(was_touched(scene));
    CHECK(holder.wait_ending() == exited(0));
}

TEST_CASE("of many launches that wait for one holder's end the newest is left",
          "[slots][replace]") {
    Scenario scene;
    const auto holder =
        scene.launch({"once", "-n", "x", "--", "actor", "listen-slow-stop", scene.port(), 1500});
    holder.wait_for_output("listening");
    std::vector<Running> older;
    for (int i = 0; i < 5; ++i) {
        older.push_back(scene.launch(with_options({"-n", "x"}, job(scene))));
        // Its announcement stands: so it has begun before the next one is started.
        eventually(
            [&] {
                const auto next = state_files(scene, ".next");
                return !next.empty() && json_value(scene.read_file(next.front()), "once")
                                                .find(":" + std::to_string(older.back().pid()) +
                                                      ",") != std::string::npos;
            },
            "the launch has announced itself");
    }
    const auto newest = hold(scene, {"-n", "x"});
    for (const Running& one : older) {
        CHECK(one.wait_ending() == exited(75));
        CHECK(one.stdout_text().empty());
    }
    CHECK_FALSE(newest.once.ended());
}

TEST_CASE("a person who restarts in one terminal is one starter, and is never refused",
          "[slots][war]") {
    Scenario scene;
    std::optional<Holder> before;
    for (int restart = 0; restart < 8; ++restart) {
        const auto now = hold(scene, {"-n", "x"});
        if (before) CHECK(before->once.wait_ending() == killed_by(SIGTERM));
        before = now;
    }
}
