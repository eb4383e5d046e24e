// once stop: whom it does not end, and what it says then; a look at what it would do.

#include <signal.h>

#include <filesystem>

#include "stopping.hpp"

using namespace once::test;
using Catch::Matchers::StartsWith;

namespace {

std::string text(int number) { return std::to_string(number); }

void check_bad(Scenario& scene, const Command& words, const std::string& why) {
    const auto refused = stop(scene, words);
    INFO(why);
    CHECK(refused.ending == exited(125));
    CHECK_THAT(refused.stderr_text, StartsWith("once: ") && has(why));
    CHECK(count(refused.stderr_text, "\n") == 1);
    CHECK(refused.stdout_text.empty());
    CHECK_FALSE(std::filesystem::exists(scene.state_folder()));
}

}  // namespace

TEST_CASE("stop of several, of which one must not be ended, ends none: 75", "[stop]") {
    Scenario scene;
    const auto other = scene.launch({"once", "-n", "other", "--", "actor", "print-signals"});
    const pid_t bystander = other.ready_pid();
    CHECK(scene.run({"once", "-n", "x", "--", "once", "stop", "--all"}).ending == exited(75));
    CHECK(kill(bystander, SIGUSR1) == 0);
    other.wait_for_output("got SIGUSR1");
    CHECK_THAT(other.stdout_text(), !has("SIGTERM"));
}

TEST_CASE("stop --stale with the name of a job that lives: 1, and it lives on", "[stop]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const auto stopped = stop(scene, {"--stale", "x"});
    CHECK(stopped.ending == exited(1));
    CHECK(stopped.stderr_text == "once: no crashed job has left anything at 'x'\n");
    CHECK(alive(holder.leader));
    CHECK_FALSE(holder.once.ended());
}

TEST_CASE("nothing to stop: 1, and it is said", "[stop]") {
    Scenario scene;
    const auto by_name = stop(scene, {"x"});
    CHECK(by_name.ending == exited(1));
    CHECK(by_name.stderr_text == "once: nobody started by once holds 'x'\n");
    const auto by_port = stop(scene, {scene.port()});
    CHECK(by_port.ending == exited(1));
    CHECK(by_port.stderr_text ==
          "once: nobody started by once holds '" + text(scene.port()) + "'\n");
    CHECK(stop(scene, {"--force", scene.port()}).ending == exited(1));
    CHECK(stop(scene, {"-q", "x"}).stderr_text.empty());
    CHECK_FALSE(std::filesystem::exists(scene.state_folder()));
}

TEST_CASE("a stranger is not stopped without --force: 1, and it is named", "[stop][stranger]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    const auto stopped = stop(scene, {scene.port()});
    CHECK(stopped.ending == exited(1));
    CHECK_THAT(stopped.stderr_text,
               has("nobody started by once holds '" + text(scene.port()) + "'") &&
                   has("'actor listen " + text(scene.port()) + "' " + pid_text(stranger.pid())) &&
                   has("once stop --force " + text(scene.port())));
    CHECK(alive(stranger.pid()));
    CHECK(listening(scene.port()));
}

TEST_CASE("stop leaves a stranger on another port alone", "[stop][stranger]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "listen", scene.another_port()});
    stranger.wait_for_output("listening");
    (void)hold_port(scene);
    CHECK(stop(scene, {"--all"}).ending == exited(0));
    CHECK(alive(stranger.pid()));
}

TEST_CASE("stop --dry-run says what it would do, and signals nobody", "[stop][dry-run]") {
    Scenario scene;
    const auto job = scene.launch({"once", "-n", "x", "--", "actor", "print-signals"});
    const pid_t leader = job.ready_pid();
    wait_until_inscribed(scene, {job, leader});
    const auto crashed = hold_with_child(scene, {"-p", scene.port(), "--stop-timeout", "300ms"});
    const pid_t rest = crashed.once.pid_after("ready");
    kill_both(crashed);
    const int strange = scene.another_port();
    const auto stranger = scene.launch({"actor", "listen", strange});
    stranger.wait_for_output("listening");
    const auto all = stop(scene, {"--dry-run", "--all"});
    CHECK(all.ending == exited(0));
    CHECK_THAT(all.stderr_text, has("would stop 'actor print-signals'") &&
                                    has("would sweep what a crashed 'sh -c actor ignore-term") &&
                                    has(": pid " + text(rest)));
    const auto stale = stop(scene, {"--dry-run", "--stale"});
    CHECK(stale.ending == exited(0));
    CHECK_THAT(stale.stderr_text, has("would sweep") && !has("would stop"));
    const auto forced = stop(scene, {"--dry-run", "--force", strange});
    CHECK(forced.ending == exited(0));
    CHECK_THAT(forced.stderr_text, has("would end 'actor listen") && has(text(stranger.pid())));
    CHECK(stop(scene, {"--dry-run", "nobody"}).ending == exited(1));
    CHECK(alive(rest));
    CHECK(alive(stranger.pid()));
    CHECK_FALSE(job.ended());
    CHECK(kill(leader, SIGUSR1) == 0);
    job.wait_for_output("got SIGUSR1");
    CHECK(count(job.stdout_text(), "got ") == 1);
    CHECK(stop(scene, {"--stale"}).ending == exited(0));
}

TEST_CASE("a job cannot stop itself from inside: 75, and it runs on", "[stop]") {
    Scenario scene;
    for (const char* words : {"x", "--all"}) {
        const auto job = scene.launch(
            {"once", "-n", "x", "--", "sh", "-c",
             "once stop " + std::string(words) + "; echo status $?; exec actor print-signals"});
        job.wait_for_output("ready");
        CHECK_THAT(job.stdout_text(), has("status 75\n") && !has("got "));
        CHECK_THAT(job.stderr_text(),
                   has("this command was started by 'sh -c once stop") && has(pid_text(job.pid())));
        job.signal(SIGTERM);
        CHECK(job.wait_ending() == exited(0));
    }
    CHECK(scene.run({"once", "-n", "x", "--", "once", "stop", "-E", 9, "x"}).ending == exited(9));
}

TEST_CASE("bad command lines of stop", "[stop][command-line][bad]") {
    Scenario scene;
    check_bad(scene, {}, "name a port or a name, or say --all or --stale");
    check_bad(scene, {"--all", "x"}, "--all and 'x' contradict each other");
    check_bad(scene, {"x", "--all"}, "--all and 'x' contradict each other");
    check_bad(scene, {"--force"}, "name a port or a name");
    check_bad(scene, {"--force", "--all"}, "--force needs a port");
    check_bad(scene, {"--force", "--stale"}, "--force needs a port");
    check_bad(scene, {"--force", "--stale", "8001"}, "--stale and --force contradict each other");
    check_bad(scene, {"--al"}, "unknown option '--al'; did you mean '--all'?");
    check_bad(scene, {"--json", "x"}, "--json is not for once stop; it is for once status");
    check_bad(scene, {"-x"}, "unknown option '-x'");
    check_bad(scene, {"-q", "-v", "x"}, "--quiet and --verbose contradict each other");
    check_bad(scene, {"-E", "256", "x"}, "an exit status is a number from 0 to 255");
    check_bad(scene, {"a b"}, "'a b' is neither a port nor a name");
    check_bad(scene, {""}, "'' is neither a port nor a name");
}

TEST_CASE("a stop after which a stranger still has the port says so with 75", "[stop]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    wait_until_inscribed(scene, holder);
    const auto stranger = scene.launch({"actor", "listen", scene.port(), "::1"});
    stranger.wait_for_output("listening");
    const auto stopped = scene.run({"once", "stop", scene.port()});
    CHECK(stopped.ending == exited(75));
    CHECK_THAT(stopped.stderr_text, has(pid_text(stranger.pid())));
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
    CHECK(alive(stranger.pid()));
    stranger.signal(SIGTERM);
    (void)stranger.wait_ending();
}
