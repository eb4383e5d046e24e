// What another user has planted under the names that once is about to write to.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "holding.hpp"
#include "neighbour.hpp"

using namespace once::test;
using Catch::Matchers::StartsWith;

namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

/// 125, one line with these words, nothing has run, and who holds the slot still does.
void check_refused(Scenario& scene, const Holder& holder, const Command& options,
                   const std::string& words) {
    const auto refused = scene.run(with_options(options, {"echo", "ran"}));
    INFO(refused.stderr_text);
    CHECK(refused.ending == exited(125));
    CHECK_THAT(refused.stderr_text, StartsWith("once: ") && has(words));
    CHECK(count(refused.stderr_text, "\n") == 1);
    CHECK(refused.stdout_text.empty());
    CHECK_FALSE(holder.once.ended());
}

const std::string whose = "belongs to nobody";

}  // namespace

TEST_CASE("a log whose name another user has made a link is refused, and not written through it",
          "[hostile]") {
    if (!is_root_or_warn("plant a link of another user")) return;
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const auto open = public_folder(scene, "open");
    const auto log = open / "app.log";
    const auto victim = scene.home() / "victim";
    write(victim, "precious\n");
    fs::create_symlink(victim, log);
    give_away(log);
    check_refused(scene, holder, {"-d", "-n", "x", "--log", log}, whose);
    CHECK(scene.read_file(victim) == "precious\n");
    fs::remove(victim);
    check_refused(scene, holder, {"-d", "-n", "x", "--log", log}, whose);
    CHECK_FALSE(fs::exists(victim));
}

TEST_CASE("a log that another user has put there, to read it, is refused", "[hostile]") {
    if (!is_root_or_warn("plant a file of another user")) return;
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const auto open = public_folder(scene, "open");
    for (const char* name : {"app.log", "app.1.log", "app.3.log"}) {
        write(open / name, "theirs\n");
        give_away(open / name);
        check_refused(scene, holder, {"-d", "-n", "x", "--log", open / "app.log"}, whose);
        CHECK(scene.read_file(open / name) == "theirs\n");
        fs::remove(open / name);
        fs::remove(open / "app.log");
    }
}

TEST_CASE("a link of one's own may lead to the log, also in a folder that anybody can write",
          "[hostile]") {
    Scenario scene;
    const auto open = public_folder(scene, "open");
    const auto log = scene.home() / "real.log";
    fs::create_symlink(log, open / "app.log");
    CHECK(scene.run({"once", "-d", "-n", "x", "--log", open / "app.log", "--", "echo", "logged"})
              .ending == exited(0));
    eventually([&] { return count(scene.read_file(log), "logged\n") == 1; }, "the log is written");
    eventually([&] { return scene.survivors().empty(); }, "the job has ended");
}

TEST_CASE("a pid file that another user has put there is refused, and nobody is replaced for it",
          "[hostile]") {
    if (!is_root_or_warn("plant a file of another user")) return;
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const auto file = public_folder(scene, "open") / "app.pid";
    write(file, "1\n");
    give_away(file);
    check_refused(scene, holder, {"-n", "x", "--pid-file", file}, whose);
    CHECK(scene.read_file(file) == "1\n");
    fs::remove(file);
    const auto victim = scene.home() / "victim";
    write(victim, "precious\n");
    fs::create_symlink(victim, file);
    give_away(file);
    check_refused(scene, holder, {"-n", "x", "--pid-file", file}, "it exists and is no plain file");
    CHECK(scene.read_file(victim) == "precious\n");
}

TEST_CASE("a pid file that is exchanged while its launch waits is not written to", "[hostile]") {
    Scenario scene;
    const auto victim = scene.home() / "victim";
    write(victim, "precious, and longer than a pid\n");
    const auto open = public_folder(scene, "open");
    for (const bool is_fifo : {false, true}) {
        const auto holder = hold(scene, {"-n", "x"});
        const auto next = scene.launch(
            {"once", "--wait", "-n", "x", "--pid-file", open / "app.pid", "--", "echo", "ran"});
        next.wait_for_error("waiting for");
        fs::path fresh;
        for (const auto& entry : fs::directory_iterator(open)) fresh = entry.path();
        REQUIRE(fs::is_regular_file(fresh));
        fs::remove(fresh);
        if (is_fifo) {
            REQUIRE(mkfifo(fresh.c_str(), 0666) == 0);
        } else {
            fs::create_hard_link(victim, fresh);
        }
        holder.once.signal(SIGTERM);
        (void)holder.once.wait_ending();
        CHECK(next.wait_ending() == exited(0));
        CHECK(scene.read_file(victim) == "precious, and longer than a pid\n");
        for (const auto& entry : fs::directory_iterator(open)) fs::remove(entry.path());
    }
}

TEST_CASE("a file that is waited for is not opened, whatever it is", "[hostile][dependencies]") {
    Scenario scene;
    const auto fifo = scene.folder() / "fifo";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(scene.run({"once", "-n", "x", "--wait-for", "file:fifo", "--", "echo", "ran"})
              .stdout_text == "ran\n");
    fs::create_symlink("loop", scene.folder() / "loop");
    const auto refused = scene.run(
        {"once", "-n", "x", "--wait-for", "file:loop", "--wait-timeout=0", "--", "echo", "ran"});
    CHECK(refused.ending == exited(69));
    CHECK(count(refused.stderr_text, "\n") == 1);
}

TEST_CASE("a NOTIFY_SOCKET that is something else is neither written nor waited for",
          "[hostile][ready]") {
    Scenario scene;
    const auto file = scene.folder() / "file";
    write(file, "precious\n");
    const auto fifo = scene.folder() / "fifo";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    for (const auto& name : {file.string(), fifo.string(), scene.folder().string(),
                             "/" + std::string(300, 'x'), std::string("@\n\x1b[31m")}) {
        const auto once = scene.launch(
            {"once", "-p", scene.port(), "--ready", "--", "actor", "listen", scene.port()},
            {.environment = {{"NOTIFY_SOCKET", name}}});
        once.wait_for_output("listening");
        once.signal(SIGTERM);
        CHECK(once.wait_ending() == killed_by(SIGTERM));
        CHECK(once.stderr_text().empty());
    }
    CHECK(scene.read_file(file) == "precious\n");
}
