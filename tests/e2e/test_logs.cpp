// once logs: what a detached job wrote. The logs and what the records say of them are laid out by
// the tests.

#include <signal.h>

#include <filesystem>
#include <fstream>

#include "holding.hpp"
#include "surroundings.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

void put(const fs::path& path, const std::string& text, std::ios::openmode how = {}) {
    std::ofstream file(path, std::ios::binary | how);
    file << text;
    file.close();
    REQUIRE(file);
}

void append(const fs::path& path, const std::string& text) { put(path, text, std::ios::app); }

std::string numbered(int first, int last) {
    std::string text;
    for (int i = first; i <= last; ++i) text += "line " + std::to_string(i) + "\n";
    return text;
}

/// A job that holds the name `x`, and the log that its record tells of.
struct Logged {
    Holder holder;
    fs::path log;
};

Logged hold_with_log(Scenario& scene) {
    const auto holder = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    const auto record = state_file(scene, ".json");
    const auto log = scene.folder() / "x.log";
    put(record, whole_file(record).insert(1, "\"log\":\"" + log.string() + "\","));
    return {holder, log};
}

void end(const Logged& logged) {
    CHECK(logged.holder.once.signal(SIGTERM));
    (void)logged.holder.once.wait_ending();
}

/// As a rotation does it.
void rotate(const fs::path& log) {
    const auto older = [&](int times) {
        return fs::path(log).replace_extension("." + std::to_string(times) + ".log");
    };
    for (int i = 9; i > 0; --i) {
        if (fs::exists(older(i))) fs::rename(older(i), older(i + 1));
    }
    fs::rename(log, older(1));
    put(log, "");
}

}  // namespace

TEST_CASE("once logs shows the last 20 lines of a detached job, also of rotated files", "[logs]") {
    Scenario scene;
    const auto logged = hold_with_log(scene);
    put(logged.log, numbered(1, 90));
    rotate(logged.log);
    append(logged.log, numbered(91, 100));
    const auto shown = scene.run({"once", "logs", "x"});
    CHECK(shown.ending == exited(0));
    CHECK(shown.stdout_text == numbered(81, 100));
    CHECK(shown.stderr_text.empty());
    CHECK(scene.run({"once", "logs", "--lines", "3", "x"}).stdout_text == numbered(98, 100));
    CHECK(scene.run({"once", "logs", "--lines", "all", "x"}).stdout_text == numbered(1, 100));
    CHECK(scene.run({"once", "logs", "--lines", "0", "x"}).stdout_text.empty());
}

TEST_CASE("a job that was not detached has no log, and once logs says why", "[logs]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    const auto shown = scene.run({"once", "logs", "x"});
    CHECK(shown.ending == exited(1));
    CHECK(shown.stdout_text.empty());
    CHECK_THAT(shown.stderr_text, has("has no log: it was started without --detach"));
    CHECK(count(shown.stderr_text, "\n") == 1);
}

TEST_CASE("where nobody has left a log once logs says so, with 1", "[logs]") {
    Scenario scene;
    for (const char* target : {"8001", "web"}) {
        const auto shown = scene.run({"once", "logs", "-f", target});
        CHECK(shown.ending == exited(1));
        CHECK_THAT(shown.stderr_text, has("there is no log of '" + std::string(target) + "'"));
        CHECK(count(shown.stderr_text, "\n") == 1);
    }
    const auto logged = hold_with_log(scene);
    const auto shown = scene.run({"once", "logs", "x"});
    CHECK(shown.ending == exited(1));
    CHECK_THAT(shown.stderr_text, has("the log of 'x' is gone: " + logged.log.string()));
}

TEST_CASE("the log of a job that has ended is still there, and there is nothing to follow",
          "[logs]") {
    Scenario scene;
    (void)scene.run({"once", "-d", "-n", "x", "--", "echo", "name"});
    (void)scene.run({"once", "-d", "-p", scene.port(), "--log", "port.log", "--", "echo", "port"});
    eventually([&] { return scene.survivors().empty(); }, "both have ended");
    for (const auto& follow : {Command{}, Command{"-f"}}) {
        Command words{"once", "logs", "x"};
        words.insert(words.end(), follow.begin(), follow.end());
        const auto shown = scene.run(words);
        CHECK(shown.ending == exited(0));
        CHECK_THAT(shown.stdout_text, has("\nname\n"));
    }
    CHECK_THAT(scene.run({"once", "logs", scene.port()}).stdout_text, has("\nport\n"));
    // What is in the state folder does not confuse anybody.
    CHECK_THAT(scene.run({"once", "status"}).stderr_text, has("nothing is held"));
    CHECK(scene.run({"once", "-n", "x", "--", "true"}).stderr_text.empty());
}

TEST_CASE("once logs -f goes through rotations, and ends when the job does", "[logs]") {
    Scenario scene;
    const auto logged = hold_with_log(scene);
    put(logged.log, numbered(1, 50));
    const auto reader = scene.launch({"once", "logs", "x", "-f", "--lines", "1"});
    reader.wait_for_output(numbered(50, 50));
    append(logged.log, "line 5");
    append(logged.log, "1\n");
    reader.wait_for_output("line 51\n");
    for (int i = 52; i < 60; ++i) {
        rotate(logged.log);
        append(logged.log, numbered(i, i));
    }
    reader.wait_for_output("line 59\n");
    append(logged.log, "line 60\nits last words");
    CHECK_FALSE(reader.ended());
    end(logged);
    CHECK(reader.wait_ending() == exited(0));
    CHECK(reader.stdout_text() == numbered(50, 60) + "its last words\n");
    CHECK(reader.stderr_text().empty());
}

TEST_CASE("once logs -f of many lines at once shows them all", "[logs]") {
    Scenario scene;
    const auto logged = hold_with_log(scene);
    put(logged.log, "");
    const auto reader = scene.launch({"once", "logs", "x", "-f"});
    std::string all;
    for (int i = 0; i < 3; ++i) {
        all += numbered(i * 100'000, i * 100'000 + 99'999);
        append(logged.log, numbered(i * 100'000, i * 100'000 + 99'999));
        rotate(logged.log);
    }
    end(logged);
    CHECK(reader.wait_ending() == exited(0));
    // It may have begun when all was written: then it shows the last lines.
    CHECK(all.ends_with(reader.stdout_text()));
    CHECK_THAT(reader.stdout_text(), has("line 299999\n"));
}

TEST_CASE("Ctrl-C ends once logs -f, and so does a reader that has gone", "[logs]") {
    Scenario scene;
    const auto logged = hold_with_log(scene);
    put(logged.log, "one\n");
    const auto first = scene.launch({"once", "logs", "x", "-f"});
    first.wait_for_output("one\n");
    CHECK(first.signal(SIGINT));
    CHECK(first.wait_ending() == killed_by(SIGINT));
    const auto second = scene.launch({"once", "logs", "x", "-f"});
    second.wait_for_output("one\n");
    second.close_output();
    CHECK(second.wait_ending() == exited(0));
    CHECK(alive(logged.holder.leader));
}
