// The option --wait-for: what has to answer before a launch.

#include <signal.h>

#include <filesystem>

#include "aftermath.hpp"
#include "holding.hpp"
#include "terminal.hpp"

using namespace once::test;

namespace {

const Command touch{"touch", "done"};

bool was_touched(const Scenario& scene) { return std::filesystem::exists(scene.folder() / "done"); }

std::string at(const char* before, int port, const char* after = "") {
    return before + std::to_string(port) + after;
}

Running wait_for(Scenario& scene, const std::string& what, const Command& options = {}) {
    Command all{"--wait-for", what};
    all.insert(all.end(), options.begin(), options.end());
    return scene.launch(with_options(all, touch));
}

Finished wait_shortly(Scenario& scene, const std::string& what, const Command& options = {}) {
    Command all{"--wait-for", what, "--wait-timeout", "300ms"};
    all.insert(all.end(), options.begin(), options.end());
    return scene.run(with_options(all, touch));
}

/// A getent that does as the script says, before the real one.
void set_getent(Scenario& scene, const std::string& script) {
    const auto path = scene.write_script("tools/getent", script);
    scene.set("PATH", path.parent_path().string() + ":" +
                          Scenario::once_binary().parent_path().string() + ":/usr/bin:/bin");
}

}  // namespace

TEST_CASE("a dependency that answers already is not spoken of", "[dependencies]") {
    Scenario scene;
    scene.launch({"actor", "listen", scene.port()}).wait_for_output("listening");
    scene.write_file("there", "");
    const auto once = scene.run(with_options(
        {"--wait-for", at("tcp:localhost:", scene.port()), "--wait-for", "file:there"}, touch));
    CHECK(once.ending == exited(0));
    CHECK(once.stderr_text.empty());
    CHECK(was_touched(scene));
}

TEST_CASE("a launch waits until the server that it depends on accepts connections",
          "[dependencies]") {
    Scenario scene;
    const auto once = wait_for(scene, at("tcp:localhost:", scene.port()));
    once.wait_for_error(at("once: waiting for tcp:localhost:", scene.port(), ", 1 s (connection"));
    CHECK_FALSE(was_touched(scene));
    scene.launch({"actor", "listen", scene.port()}).wait_for_output("listening");
    CHECK(once.wait_ending() == exited(0));
    CHECK(was_touched(scene));
    CHECK(count(once.stderr_text(), "\n") == 1);
}

TEST_CASE("a launch waits until an http server answers below 400", "[dependencies]") {
    Scenario scene;
    const auto busy = scene.launch({"actor", "answer-http", scene.port(), 503});
    busy.wait_for_output("listening");
    const auto once = wait_for(scene, at("http://localhost:", scene.port(), "/health?x=1"));
    once.wait_for_error("(it answers 503)");
    CHECK_THAT(busy.stdout_text(), has("GET /health?x=1 HTTP/1.1\n"));
    CHECK_FALSE(was_touched(scene));
    busy.signal(SIGTERM);
    CHECK(busy.wait_ending() == killed_by(SIGTERM));
    scene.launch({"actor", "answer-http", scene.port()}).wait_for_output("listening");
    CHECK(once.wait_ending() == exited(0));
    CHECK(was_touched(scene));
}

TEST_CASE("a launch waits until a file is there, from the folder that it runs in",
          "[dependencies]") {
    Scenario scene;
    const auto elsewhere = scene.another_folder("elsewhere");
    scene.write_file("built", "");
    const auto once = wait_for(scene, "file:built", {"-C", elsewhere});
    once.wait_for_error("waiting for file:built, 1 s (no such file)");
    std::filesystem::rename(scene.folder() / "built", elsewhere / "built");
    CHECK(once.wait_ending() == exited(0));
    CHECK(std::filesystem::exists(elsewhere / "done"));
}

TEST_CASE("a dependency that does not answer in time ends in 69, and is named", "[dependencies]") {
    Scenario scene;
    const auto what = at("tcp:127.0.0.1:", scene.port());
    const auto once = wait_shortly(scene, what);
    CHECK(once.ending == exited(69));
    CHECK_THAT(once.stderr_text, has("once: " + what + " has not answered within ") &&
                                     has(" ms: connection refused\n"));
    CHECK(count(once.stderr_text, "\n") == 1);
    CHECK_FALSE(was_touched(scene));
    CHECK(wait_shortly(scene, "file:nowhere").ending == exited(69));
    check_nothing_left(scene);
}

TEST_CASE("a server that accepts and never answers is no http server", "[dependencies]") {
    Scenario scene;
    scene.launch({"actor", "listen", scene.port()}).wait_for_output("listening");
    const auto once = wait_shortly(scene, at("http://127.0.0.1:", scene.port()));
    CHECK(once.ending == exited(69));
    CHECK_THAT(once.stderr_text, has("it accepts, but does not answer"));
}

TEST_CASE("nothing is replaced for a launch whose dependency does not answer", "[dependencies]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    CHECK(wait_shortly(scene, "file:nowhere", {"-n", "x"}).ending == exited(69));
    CHECK_FALSE(holder.once.ended());
    const auto next = wait_for(scene, "file:there", {"-n", "x"});
    next.wait_for_error("waiting for file:there");
    CHECK_FALSE(holder.once.ended());
    scene.write_file("there", "");
    CHECK(next.wait_ending() == exited(0));
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("a command that cannot run is told before anything is waited for", "[dependencies]") {
    Scenario scene;
    const auto once = scene.run({"once", "--wait-for", "file:nowhere", "--", "no-such-command"});
    CHECK(once.ending == exited(127));
    CHECK(count(once.stderr_text, "waiting") == 0);
}

TEST_CASE("a signal while a dependency is waited for ends once, and nothing was started",
          "[dependencies][signals]") {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        Scenario scene;
        const auto once = wait_for(scene, "file:nowhere");
        once.wait_for_error("waiting for file:nowhere");
        CHECK(children_of(once.pid()).empty());
        once.signal(signal);
        CHECK(once.wait_ending() == killed_by(signal));
        CHECK_FALSE(std::filesystem::exists(scene.state_folder()));
        check_nothing_left(scene);
    }
}

TEST_CASE("the option --with-parent ends a wait for a dependency too", "[dependencies]") {
    Scenario scene;
    const auto parent = scene.launch(
        {"sh", "-c", "once --with-parent --wait-for file:nowhere -- touch done & wait"});
    parent.wait_for_error("waiting for file:nowhere");
    parent.signal(SIGKILL);
    parent.wait_for_error("has ended");
    eventually([&] { return scene.survivors().empty(); }, "once is gone");
    CHECK_FALSE(was_touched(scene));
}

TEST_CASE("a host name is looked up by getent", "[dependencies]") {
    Scenario scene;
    scene.launch({"actor", "listen", scene.port()}).wait_for_output("listening");
    set_getent(scene, "[ \"$*\" = 'ahosts db.example' ] && echo '127.0.0.1 STREAM db.example'");
    CHECK(wait_shortly(scene, at("tcp:db.example:", scene.port())).ending == exited(0));
    const auto unknown = wait_shortly(scene, at("tcp:other.example:", scene.port()));
    CHECK(unknown.ending == exited(69));
    CHECK_THAT(unknown.stderr_text, has("there is no such host"));
}

TEST_CASE("a lookup that hangs is ended with the wait, however that ends", "[dependencies]") {
    Scenario scene;
    set_getent(scene, "exec " + Scenario::actor_binary().string() + " ignore-term");
    const auto once = wait_shortly(scene, "tcp:db.example:80");
    CHECK(once.ending == exited(69));
    CHECK_THAT(once.stderr_text, has("its name is not resolved"));
    check_nothing_left(scene);
    const auto killed = wait_for(scene, "tcp:db.example:80");
    eventually([&] { return children_of(killed.pid()).size() == 1; }, "getent runs");
    killed.signal(SIGKILL);
    CHECK(killed.wait_ending() == killed_by(SIGKILL));
    eventually([&] { return scene.survivors().empty(); }, "getent is gone");
}

TEST_CASE("the option --quiet says only which dependency did not answer", "[dependencies]") {
    Scenario scene;
    const auto once = scene.run(
        with_options({"-q", "--wait-for", "file:nowhere", "--wait-timeout", "1200ms"}, touch));
    CHECK(once.ending == exited(69));
    CHECK(once.stderr_text == "once: file:nowhere has not appeared within 1 s: no such file\n");
}

TEST_CASE("the option --dry-run asks each dependency once", "[dependencies]") {
    Scenario scene;
    scene.write_file("there", "");
    const auto once = scene.run(with_options(
        {"--dry-run", "--wait-for", "file:there", "--wait-for", "file:nowhere"}, touch));
    CHECK(once.ending == exited(0));
    CHECK_THAT(once.stderr_text,
               has("would wait for file:nowhere: no such file") && has("would run 'touch done'"));
    CHECK(count(once.stderr_text, "file:there") == 0);
    CHECK_FALSE(was_touched(scene));
}

TEST_CASE("with ONCE=0 no dependency is waited for", "[dependencies]") {
    Scenario scene;
    scene.set("ONCE", "0");
    CHECK(wait_for(scene, "file:nowhere").wait_ending() == exited(0));
    CHECK(was_touched(scene));
}

TEST_CASE("on a terminal the line of what is waited for is written over, and wiped",
          "[dependencies][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("TERM=xterm NO_COLOR=1 once --wait-for file:there -- echo do''ne");
    terminal.wait_for("\ronce: waiting for file:there, 1 s (no such file)\x1b[K");
    terminal.wait_for("\ronce: waiting for file:there, 2 s (no such file)\x1b[K");
    scene.write_file("there", "");
    terminal.wait_for("\r\x1b[Kdone\r\n");
    terminal.wait_for_prompt();
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a Ctrl-C while a dependency is waited for looks so to the shell",
          "[dependencies][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("TERM=xterm NO_COLOR=1 once --wait-for file:nowhere -- touch done");
    terminal.wait_for("waiting for file:nowhere, 1 s");
    terminal.press_ctrl_c();
    terminal.wait_for("\r\x1b[K");
    terminal.wait_for_prompt();
    terminal.type_line("echo status=$?.");
    terminal.wait_for("status=130.");
    terminal.wait_for_prompt();
    CHECK_FALSE(was_touched(scene));
    check_nothing_left_but(scene, shell);
}

TEST_CASE("a lookup for --ready-url is no part of the job, whose exit status stays its own",
          "[dependencies][ready]") {
    Scenario scene;
    set_getent(scene, "exec " + Scenario::actor_binary().string() + " ignore-term");
    const auto once = scene.launch(
        with_options({"--ready-url", "http://web.example:80/"}, {"sh", "-c", "read line; exit 3"}),
        {.input = Input::pipe});
    eventually([&] { return children_of(once.pid()).size() == 2; }, "getent runs");
    once.close_input();
    CHECK(once.wait_ending() == exited(3));
    CHECK_THAT(once.stderr_text(), has("exited with 3 before it was ready") && !has("keeper"));
    check_nothing_left(scene);
}
