// once who: everybody who has a port, whole jobs, and what would end each.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "holding.hpp"
#include "kernel.hpp"
#include "neighbour.hpp"

using namespace once::test;
using Catch::Matchers::StartsWith;

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string text(int number) { return std::to_string(number); }

Finished who(Scenario& scene, int port) { return scene.run({"once", "who", port}); }

json who_json(Scenario& scene, int port) {
    const auto told = scene.run({"once", "who", port, "--json"});
    CHECK(told.stderr_text.empty());
    INFO(told.stdout_text);
    auto parsed = json::parse(told.stdout_text, nullptr, false);
    REQUIRE_FALSE(parsed.is_discarded());
    CHECK(parsed.at("schema") == 1);
    CHECK(parsed.at("port") == port);
    return parsed;
}

/// The row of a process in a tree; empty if it has none.
std::string row_of(const std::string& tree, pid_t pid) {
    std::istringstream lines(tree);
    for (std::string line; std::getline(lines, line);) {
        const auto mark = line.substr(0, 1);
        if (mark != "*" && mark != " ") continue;
        std::istringstream words(line.substr(1));
        pid_t first = 0;
        if (words >> first && first == pid) return line;
    }
    return {};
}

void check_bad(Scenario& scene, const Command& words, const std::string& why) {
    Command all{"once", "who"};
    all.insert(all.end(), words.begin(), words.end());
    const auto refused = scene.run(all);
    INFO(why);
    CHECK(refused.ending == exited(125));
    CHECK_THAT(refused.stderr_text, StartsWith("once: ") && has(why));
    CHECK(count(refused.stderr_text, "\n") == 1);
    CHECK(refused.stdout_text.empty());
}

}  // namespace

TEST_CASE("who of a free port says so, and exits 1", "[who]") {
    Scenario scene;
    const auto told = who(scene, scene.port());
    CHECK(told.ending == exited(1));
    CHECK(told.stdout_text == "port " + text(scene.port()) + " is free\n");
    CHECK(told.stderr_text.empty());
    const auto parsed = who_json(scene, scene.port());
    for (const char* list : {"listeners", "claimed_by", "other_sockets"}) {
        CHECK(parsed.at(list) == json::array());
    }
    CHECK(scene.run({"once", "who", scene.port(), "--json"}).ending == exited(1));
    CHECK_FALSE(fs::exists(scene.state_folder()));
}

TEST_CASE("who shows a stranger's whole tree, and marks the one that listens", "[who][stranger]") {
    Scenario scene;
    const auto shell =
        scene.launch({"sh", "-c", "sh -c 'actor listen " + text(scene.port()) + "; :'; :"});
    shell.wait_for_output("listening");
    const pid_t listener = shell.ready_pid();
    const pid_t between = parent_of(listener);
    const auto told = who(scene, scene.port());
    CHECK(told.ending == exited(0));
    CHECK(told.stderr_text.empty());
    CHECK_THAT(told.stdout_text,
               StartsWith("port " + text(scene.port()) + " on 127.0.0.1: 'sh -c sh -c") &&
                   has(pid_text(shell.pid()) + " in " + scene.folder().string() + ", started ") &&
                   has("(pid " + text(getpid()) + ")\nwhole job: user root, '*' listens\n") &&
                   has("to end it: once stop --force " + text(scene.port()) + "\n"));
    CHECK_THAT(row_of(told.stdout_text, shell.pid()), StartsWith(" ") && has("sh -c sh -c"));
    CHECK_THAT(row_of(told.stdout_text, between), StartsWith(" ") && has("└─ sh -c actor listen"));
    CHECK_THAT(row_of(told.stdout_text, listener), StartsWith("*") && has("   └─ actor listen"));
    CHECK(count(told.stdout_text, "\n*") == 1);
    for (const pid_t pid : {listener, between})
        (void)kill(pid, SIGTERM);  // it may have gone with the one before
    (void)shell.wait_ending();
}

TEST_CASE("who --json tells of each process what there is to know", "[who][stranger][json]") {
    Scenario scene;
    const auto shell = scene.launch(
        {"sh", "-c", "actor listen " + text(scene.port()) + " 127.0.0.1 '\xff two words'; :"});
    shell.wait_for_output("listening");
    const pid_t listener = shell.ready_pid();
    const auto parsed = who_json(scene, scene.port());
    REQUIRE(parsed.at("listeners").size() == 1);
    const auto& owner = parsed.at("listeners").at(0);
    CHECK(owner.at("kind") == "stranger");
    CHECK_THAT(owner.at("advice").get<std::string>(), has("once stop --force"));
    CHECK_FALSE(owner.contains("record"));
    REQUIRE(owner.at("sockets").size() == 1);
    CHECK(owner.at("sockets").at(0) ==
          json{{"use", "listening"}, {"address", "127.0.0.1"}, {"user", "root"}});
    REQUIRE(owner.at("processes").size() == 2);
    const auto& first = owner.at("processes").at(0);
    const auto& second = owner.at("processes").at(1);
    CHECK(first.at("pid") == shell.pid());
    CHECK(first.at("parent") == getpid());
    CHECK(first.at("listens") == false);
    CHECK(second.at("pid") == listener);
    CHECK(second.at("parent") == shell.pid());
    CHECK(second.at("start") == process(listener)->started);
    CHECK(second.at("name") == "actor");
    CHECK(second.at("command") ==
          json{"actor", "listen", text(scene.port()), "127.0.0.1", "\xef\xbf\xbd two words"});
    CHECK(second.at("folder") == scene.folder().string());
    CHECK(second.at("user") == "root");
    CHECK(second.at("listens") == true);
    CHECK(second.at("memory_bytes") > 0);
    CHECK(second.at("age_seconds").is_number_unsigned());
    CHECK(second.at("cpu_ms").is_number());
    REQUIRE(kill(listener, SIGTERM) == 0);
    (void)shell.wait_ending();
}

TEST_CASE("who names both addresses of one listener, and it once", "[who][stranger]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "listen-both", scene.port()});
    stranger.wait_for_output("both");
    const auto told = who(scene, scene.port());
    CHECK(told.ending == exited(0));
    CHECK_THAT(told.stdout_text, has("127.0.0.1") && has(" and ") && has("::1"));
    CHECK(count(told.stdout_text, "whole job") == 1);
    CHECK(count(told.stdout_text, "\n*") == 1);
    const auto parsed = who_json(scene, scene.port());
    REQUIRE(parsed.at("listeners").size() == 1);
    CHECK(parsed.at("listeners").at(0).at("sockets").size() == 2);
}

TEST_CASE("who marks everybody who shares the socket", "[who][stranger]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "share-socket", scene.port()});
    const pid_t child = stranger.pid_after("shared");
    const auto told = who(scene, scene.port());
    CHECK_THAT(row_of(told.stdout_text, stranger.pid()), StartsWith("*"));
    CHECK_THAT(row_of(told.stdout_text, child), StartsWith("*"));
    REQUIRE(kill(child, SIGTERM) == 0);
}

TEST_CASE("who tells two jobs on one port apart", "[who][stranger]") {
    Scenario scene;
    const auto four = scene.launch({"actor", "listen", scene.port(), "127.0.0.1"});
    const auto six = scene.launch({"actor", "listen", scene.port(), "::1"});
    four.wait_for_output("listening");
    six.wait_for_output("listening");
    const auto told = who(scene, scene.port());
    CHECK(count(told.stdout_text, "whole job") == 2);
    for (const auto& one : {four, six}) {
        CHECK_THAT(row_of(told.stdout_text, one.pid()), StartsWith("*"));
    }
    const auto parsed = who_json(scene, scene.port());
    REQUIRE(parsed.at("listeners").size() == 2);
    for (const auto& owner : parsed.at("listeners")) {
        REQUIRE(owner.at("processes").size() == 1);
        const bool is_four = owner.at("processes").at(0).at("pid") == four.pid();
        CHECK(owner.at("processes").at(0).at("pid") == (is_four ? four.pid() : six.pid()));
        CHECK(owner.at("sockets").at(0).at("address") == (is_four ? "127.0.0.1" : "::1"));
    }
}

TEST_CASE("who knows once's own job, and its name as what ends it", "[who]") {
    Scenario scene;
    const auto holder = hold_port(scene, {"-n", "web"});
    wait_until_inscribed(scene, holder);
    const auto told = who(scene, scene.port());
    CHECK(told.ending == exited(0));
    CHECK_THAT(told.stdout_text, has("'actor lock ") && has(pid_text(holder.once.pid())) &&
                                     has("held by once for " + text(scene.port()) + " web") &&
                                     has("once started it; to end it: once stop web\n") &&
                                     has("(its keeper)"));
    CHECK_THAT(row_of(told.stdout_text, holder.once.pid()), StartsWith(" ") && has("once -p"));
    CHECK_THAT(row_of(told.stdout_text, parent_of(holder.leader)), StartsWith(" "));
    CHECK_THAT(row_of(told.stdout_text, holder.leader), StartsWith("*") && has("actor lock"));
    const auto owner = who_json(scene, scene.port()).at("listeners").at(0);
    CHECK(owner.at("kind") == "once");
    CHECK(owner.at("record").at("name") == "web");
    CHECK(owner.at("record").at("once").at("pid") == holder.once.pid());
    CHECK(owner.at("processes").size() == 3);
}

TEST_CASE("who knows a job of once on a port that it has not claimed", "[who]") {
    Scenario scene;
    const auto holder =
        scene.launch({"once", "-n", "web", "--", "actor", "lock", "proof", scene.port()});
    holder.wait_for_output("listening");
    const auto told = who(scene, scene.port());
    CHECK(told.ending == exited(0));
    CHECK_THAT(told.stdout_text, has("held by once for web") && has("to end it: once stop web\n"));
    const auto unnamed = scene.launch({"once", "--", "actor", "listen", scene.port(), "::1"});
    unnamed.wait_for_output("listening");
    CHECK_THAT(who(scene, scene.port()).stdout_text,
               has("held by once for (folder)") &&
                   has("to end it: once stop --force " + text(scene.port()) + "\n"));
}

TEST_CASE("who names a job that claims the port and does not listen", "[who]") {
    Scenario scene;
    const auto holder = hold(scene, {"-p", scene.port()});
    wait_until_inscribed(scene, holder);
    const auto told = who(scene, scene.port());
    CHECK(told.ending == exited(0));
    CHECK_THAT(told.stdout_text,
               StartsWith("port " + text(scene.port()) + " is claimed by 'actor lock") &&
                   has(pid_text(holder.once.pid())) && has(", which does not listen on it\n"));
    const auto parsed = who_json(scene, scene.port());
    CHECK(parsed.at("listeners").empty());
    REQUIRE(parsed.at("claimed_by").size() == 1);
    CHECK(parsed.at("claimed_by").at(0).at("once").at("pid") == holder.once.pid());
}

TEST_CASE("who says of a job that ends that it is stopping", "[who]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-p", scene.port(), "--stop-timeout", "1h", "--",
                                    "actor", "print-signals", "--exit-on", "USR1"});
    const pid_t leader = once.ready_pid();
    once.signal(SIGTERM);
    once.wait_for_output("got SIGTERM");
    eventually(
        [&] {
            const auto told = who(scene, scene.port()).stdout_text;
            return told.find(", which is stopping\n") != std::string::npos;
        },
        "it is said to be stopping");
    REQUIRE(kill(leader, SIGUSR1) == 0);
    CHECK(once.wait_ending() == exited(0));
}

TEST_CASE("who names both: who claims the port, and a stranger that has it", "[who][stranger]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    wait_until_inscribed(scene, holder);
    const auto stranger = scene.launch({"actor", "listen", scene.port(), "::1"});
    stranger.wait_for_output("listening");
    const auto parsed = who_json(scene, scene.port());
    REQUIRE(parsed.at("listeners").size() == 2);
    std::set<std::string> kinds;
    for (const auto& owner : parsed.at("listeners")) kinds.insert(owner.at("kind"));
    CHECK(kinds == std::set<std::string>{"once", "stranger"});
    CHECK(parsed.at("claimed_by").empty());
}

TEST_CASE("who knows what a crashed once left", "[who][crash]") {
    Scenario scene;
    const auto crashed = hold_with_child(scene, {"-p", scene.port(), "--stop-timeout", "300ms"});
    const pid_t rest = crashed.once.pid_after("ready");
    kill_both(crashed);
    const auto told = who(scene, scene.port());
    CHECK(told.ending == exited(0));
    CHECK_THAT(told.stdout_text,
               has("a crashed once left it; to end it: once stop --stale\n") && !has("--force"));
    CHECK_THAT(row_of(told.stdout_text, rest), StartsWith("*"));
    CHECK(who_json(scene, scene.port()).at("listeners").at(0).at("kind") == "leftover");
    CHECK(scene.run({"once", "stop", "--stale"}).ending == exited(0));
}

TEST_CASE("who names a socket that is bound and does not listen", "[who]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "bind-only", scene.port(), "127.0.0.1", "alone"});
    stranger.wait_for_output("bound");
    const auto told = who(scene, scene.port());
    CHECK(told.ending == exited(0));
    if (!tells_of_bound_sockets()) {
        CHECK_THAT(told.stdout_text, has("cannot be bound"));
        return;
    }
    CHECK_THAT(told.stdout_text, has("although nobody listens on it: 'actor bind-only") &&
                                     has(pid_text(stranger.pid())) && has("is bound to it"));
    const auto parsed = who_json(scene, scene.port());
    CHECK(parsed.at("listeners").empty());
    REQUIRE(parsed.at("other_sockets").size() == 1);
    CHECK(parsed.at("other_sockets").at(0).at("use") == "bound");
}

TEST_CASE("who calls a port free whose socket lets others listen there", "[who]") {
    Scenario scene;
    const auto bound = scene.launch({"actor", "bind-only", scene.port()});
    bound.wait_for_output("bound");
    CHECK(who(scene, scene.port()).ending == exited(1));
}

TEST_CASE("who names a connection that uses the port as its own", "[who]") {
    Scenario scene;
    const int there = scene.another_port();
    const auto server = scene.launch({"actor", "listen", there});
    server.wait_for_output("listening");
    const auto client = scene.launch({"actor", "connect-from", scene.port(), there, "alone"});
    client.wait_for_output("connected");
    CHECK_THAT(who(scene, scene.port()).stdout_text,
               has("'actor connect-from") &&
                   has("has a connection from it to 127.0.0.1 port " + text(there)));
    const auto parsed = who_json(scene, scene.port());
    CHECK(parsed.at("listeners").empty());
    REQUIRE(parsed.at("other_sockets").size() == 1);
    CHECK(parsed.at("other_sockets").at(0).at("use") == "connected");
    CHECK(parsed.at("other_sockets").at(0).at("peer_port") == there);
    CHECK(parsed.at("other_sockets").at(0).at("peer_address") == "127.0.0.1");
    // A client of the port's listener has nothing to do with who listens.
    CHECK_THAT(who(scene, there).stdout_text, has(pid_text(server.pid())) && !has("connect-from"));
}

TEST_CASE("who names another user's listener with its user", "[who][stranger]") {
    if (!is_root_or_warn("become another user")) return;
    Scenario scene;
    const auto actor = copy_for_others(scene, Scenario::actor_binary(), "theirs");
    const auto other = scene.launch(as_neighbour({actor, "listen", scene.port()}));
    other.wait_for_output("listening");
    const auto told = who(scene, scene.port());
    CHECK(told.ending == exited(0));
    CHECK_THAT(told.stdout_text,
               has(" of the user nobody") && has("whole job: user nobody") &&
                   has("it belongs to the user nobody, so it is left alone; to end it: sudo kill " +
                       text(other.pid()) + "\n"));
    CHECK(who_json(scene, scene.port()).at("listeners").at(0).at("kind") == "other_user");
}

TEST_CASE("who says what it may not see, with its user and the way to see it", "[who][stranger]") {
    if (!is_root_or_warn("become another user")) return;
    Scenario scene;
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    const auto once = copy_for_others(scene, Scenario::once_binary(), "once");
    const auto told = scene.run(as_neighbour({once, "who", scene.port()}));
    CHECK(told.ending == exited(0));
    CHECK_THAT(told.stdout_text,
               has("port " + text(scene.port()) +
                   " on 127.0.0.1: a process of the user root that we may not see\n") &&
                   has("sudo ss -ltnp 'sport = :" + text(scene.port()) + "'"));
    const auto as_json = scene.run(as_neighbour({once, "who", "--json", scene.port()}));
    const auto parsed = json::parse(as_json.stdout_text, nullptr, false);
    REQUIRE_FALSE(parsed.is_discarded());
    const auto& owner = parsed.at("listeners").at(0);
    CHECK(owner.at("kind") == "unseen");
    CHECK(owner.at("processes").empty());
    CHECK(owner.at("sockets").at(0).at("user") == "root");
}

TEST_CASE("who cannot be made to write on a terminal what a command has in it", "[who][stranger]") {
    Scenario scene;
    const auto stranger = scene.launch(
        {"actor", "listen", scene.port(), "127.0.0.1", "\x1b[2J\nport is free\x9b\xc2\x9b"});
    stranger.wait_for_output("listening");
    CHECK_THAT(who(scene, scene.port()).stdout_text,
               !has("\x1b") && !has("\nport is free") && !has("\xc2\x9b"));
    CHECK_THAT(scene.run({"once", "who", "--json", scene.port()}).stdout_text, !has("\x1b"));
}

TEST_CASE("bad command lines of who", "[who][command-line][bad]") {
    Scenario scene;
    check_bad(scene, {}, "who: name one port: once who 8001");
    check_bad(scene, {8001, 8002}, "who: name one port");
    for (const char* port : {"0", "65536", "-", "x", "", "80x", "+80", "99999999999999999999"}) {
        check_bad(scene, {port}, std::string("who: '") + port + "' is no port");
    }
    check_bad(scene, {"--jso", 8001}, "unknown option '--jso'; did you mean '--json'?");
    check_bad(scene, {"--force", 8001}, "--force is not for once who; it is for a launch");
    check_bad(scene, {"--json=1", 8001}, "--json takes no value");
}
