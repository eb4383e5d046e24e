// once status: who holds what, whether it listens, how it is; trees, the width, --watch, JSON.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "holding.hpp"
#include "terminal.hpp"

using namespace once::test;
using Catch::Matchers::StartsWith;

namespace {

using nlohmann::json;

std::string text(int number) { return std::to_string(number); }

Finished status(Scenario& scene, const Command& words = {}) {
    Command all{"once", "status"};
    all.insert(all.end(), words.begin(), words.end());
    return scene.run(all);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

/// The cells of a line of the table: two blanks or more stand between them.
std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    for (std::size_t start = 0; start < line.size();) {
        const auto end = std::min(line.find("  ", start), line.size());
        cells.push_back(line.substr(start, end - start));
        start = std::min(line.find_first_not_of(' ', end), line.size());
    }
    return cells;
}

/// The row of a once in the table, cell by cell.
std::vector<std::string> row_of(Scenario& scene, pid_t once) {
    for (const auto& line : lines_of(status(scene).stdout_text)) {
        auto cells = cells_of(line);
        if (cells.size() > 3 && cells.at(3) == text(once)) return cells;
    }
    return {};
}

struct Standing {
    std::string state;
    std::string listens;

    bool operator==(const Standing&) const = default;
};

/// Waits until the table says so.
void wait_until_standing(Scenario& scene, pid_t once, const Standing& wanted) {
    eventually(
        [&] {
            const auto cells = row_of(scene, once);
            return cells.size() > 3 && Standing{cells.at(1), cells.at(2)} == wanted;
        },
        "status says " + wanted.state + " and " + wanted.listens);
}

void wait_until_ready(Scenario& scene) {
    eventually(
        [&] { return !json_value(status(scene, {"--json"}).stdout_text, "ready_since").empty(); },
        "once has seen its job listen");
}

json status_json(Scenario& scene) {
    auto parsed = json::parse(status(scene, {"--json"}).stdout_text, nullptr, false);
    REQUIRE(parsed.is_array());
    return parsed;
}

std::size_t columns_of(const std::string& line) {
    return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80;
    }));
}

}  // namespace

TEST_CASE("nobody but the job is shown as the job, before it is launched and without a record",
          "[status]") {
    Scenario scene;
    const auto check_pids = [&](const Finished& told) {
        const auto parsed = nlohmann::json::parse(told.stdout_text);
        REQUIRE(parsed.size() == 1);
        for (const int pid : parsed.at(0).at("pids")) CHECK(pid != getpid());
        CHECK(parsed.at(0).at("listens") != "stranger");
    };
    // As early as it can be asked.
    check_pids(scene.run({"once", "-n", "x", "--", "once", "status", "--json", "x"}));
    const auto holder = hold_port(scene);
    wait_until_inscribed(scene, holder);
    std::ofstream(state_file(scene, ".json")) << "{";
    check_pids(scene.run({"once", "status", "--json", scene.port()}));
}

TEST_CASE("status: a line for each job, under what its columns are", "[status]") {
    Scenario scene;
    const auto by_port = hold_port(scene, {"-n", "web"});
    const auto by_folder = scene.launch({"once", "--", "actor", "print-signals"});
    wait_until_inscribed(scene, by_port);
    wait_until_inscribed(scene, {by_folder, by_folder.ready_pid()});
    const auto told = status(scene);
    CHECK(told.ending == exited(0));
    CHECK(told.stderr_text.empty());
    const auto lines = lines_of(told.stdout_text);
    REQUIRE(lines.size() == 3);
    CHECK(cells_of(lines.at(0)) == std::vector<std::string>{"SLOT", "STATE", "LISTENS", "PID",
                                                            "AGE", "RESTARTS", "MEMORY", "CPU",
                                                            "FOLDER", "COMMAND"});
    const auto row = row_of(scene, by_port.once.pid());
    REQUIRE(row.size() == 10);
    CHECK(row.at(0) == text(scene.port()) + " web");
    CHECK(row.at(1) == "ready");
    CHECK(row.at(2) == "yes");
    CHECK_THAT(row.at(4), Catch::Matchers::EndsWith(" s"));
    CHECK(row.at(5) == "0");
    CHECK_THAT(row.at(6), Catch::Matchers::EndsWith("B"));
    CHECK_THAT(row.at(7), Catch::Matchers::EndsWith(" s"));
    CHECK(row.at(8) == scene.folder().string());
    CHECK_THAT(row.at(9), StartsWith("actor lock "));
    const auto other = row_of(scene, by_folder.pid());
    REQUIRE(other.size() == 10);
    CHECK(other.at(0) == "(folder)");
    CHECK(other.at(1) == "running");
    CHECK(other.at(2) == "-");
    CHECK(other.at(9) == "actor print-signals");
}

TEST_CASE("status: a job that has yet to listen is starting, and listens no", "[status]") {
    Scenario scene;
    const auto holder = hold(scene, {"-p", scene.port()});
    wait_until_inscribed(scene, holder);
    wait_until_standing(scene, holder.once.pid(), {"starting", "no"});
    CHECK(status(scene).ending == exited(1));
}

TEST_CASE("status: a job that has left its port to a stranger", "[status][stranger]") {
    Scenario scene;
    const auto once =
        scene.launch({"once", "-p", scene.port(), "--", "sh", "-c",
                      "actor listen $PORT & wait $!; echo deaf; exec actor print-signals"});
    wait_until_standing(scene, once.pid(), {"ready", "yes"});
    wait_until_ready(scene);
    CHECK(status(scene).ending == exited(0));
    REQUIRE(kill(listener_pids(scene.port()).at(0), SIGTERM) == 0);
    once.wait_for_output("deaf\nready");
    wait_until_standing(scene, once.pid(), {"not listening", "no"});
    const auto stranger = scene.launch({"actor", "listen", scene.port()});
    stranger.wait_for_output("listening");
    wait_until_standing(scene, once.pid(), {"not listening", "stranger"});
    CHECK(status(scene).ending == exited(1));
    CHECK(status_json(scene).at(0).at("listens") == "stranger");
}

TEST_CASE("status: one of two ports is not enough to be ready", "[status]") {
    Scenario scene;
    const int other = scene.another_port();
    const auto holder = hold_port(scene, {"-p", other});
    wait_until_inscribed(scene, holder);
    wait_until_standing(scene, holder.once.pid(), {"starting", "no"});
    CHECK(row_of(scene, holder.once.pid()).at(0) == text(scene.port()) + "," + text(other));
}

TEST_CASE("status: a job that takes its time after TERM is stopping", "[status]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-n", "x", "--stop-timeout", "1m", "--", "actor",
                                    "print-signals", "--exit-on", "USR1"});
    const pid_t leader = once.ready_pid();
    wait_until_standing(scene, once.pid(), {"running", "-"});
    once.signal(SIGTERM);
    once.wait_for_output("got SIGTERM");
    wait_until_standing(scene, once.pid(), {"stopping", "-"});
    CHECK(status(scene).ending == exited(1));
    CHECK(status_json(scene).at(0).at("state") == "stopping");
    REQUIRE(kill(leader, SIGUSR1) == 0);
    CHECK(once.wait_ending() == exited(0));
}

TEST_CASE("status: a job that is replaced, or stopped, is stopping meanwhile", "[status]") {
    Scenario scene;
    const auto once = scene.launch({"once", "-n", "x", "--stop-timeout", "1m", "--", "actor",
                                    "print-signals", "--exit-on", "USR1"});
    const pid_t leader = once.ready_pid();
    const auto stopping = scene.launch({"once", "stop", "x"});
    once.wait_for_output("got SIGTERM");
    wait_until_standing(scene, once.pid(), {"stopping", "-"});
    REQUIRE(kill(leader, SIGUSR1) == 0);
    CHECK(stopping.wait_ending() == exited(0));
}

TEST_CASE("status: a job whose leader is suspended, and what a crashed one left", "[status]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    REQUIRE(kill(holder.leader, SIGSTOP) == 0);
    wait_until_standing(scene, holder.once.pid(), {"suspended", "-"});
    CHECK(status(scene).ending == exited(1));
    REQUIRE(kill(holder.leader, SIGCONT) == 0);
    wait_until_standing(scene, holder.once.pid(), {"running", "-"});
    const auto crashed = hold_with_child(scene, {"-p", scene.port(), "--stop-timeout", "300ms"});
    const pid_t rest = crashed.once.pid_after("ready");
    kill_both(crashed);
    CHECK(row_of(scene, crashed.once.pid()).at(1) == "leftover");
    CHECK(status(scene).ending == exited(1));
    CHECK(status(scene, {"x"}).ending == exited(0));
    const auto parsed = status_json(scene);
    for (const auto& one : parsed) {
        if (one.at("state") != "leftover") continue;
        CHECK(one.at("pids") == json{rest});
    }
    CHECK_THAT(status(scene, {"-v", scene.port()}).stdout_text, has("actor ignore-term"));
    CHECK(scene.run({"once", "stop", "--stale"}).ending == exited(0));
    CHECK(row_of(scene, crashed.once.pid()).empty());
}

TEST_CASE("status -v: each job's tree stands below its line", "[status]") {
    Scenario scene;
    const auto once = scene.launch(
        {"once", "-n", "x", "--", "sh", "-c", "actor ignore-term & actor print-signals & wait"});
    eventually([&] { return count(once.stdout_text(), "ready ") == 2; }, "both stand");
    const pid_t leader = leader_of(once.pid());
    wait_until_inscribed(scene, {once, leader});
    const auto told = status(scene, {"-v"});
    CHECK(told.ending == exited(0));
    const auto lines = lines_of(told.stdout_text);
    REQUIRE(lines.size() == 8);
    CHECK_THAT(lines.at(0), StartsWith("SLOT"));
    CHECK_THAT(lines.at(2), has("PID") && has("COMMAND"));
    const auto is_row = [](const std::string& line, pid_t pid, const std::string& end) {
        return line.find(" " + text(pid) + " ") != std::string::npos && line.ends_with(end);
    };
    CHECK(is_row(lines.at(3), once.pid(),
                 "  once -n x -- sh -c actor ignore-term & actor "
                 "print-signals & wait"));
    CHECK(is_row(lines.at(4), parent_of(leader), "  └─ (its keeper)"));
    CHECK(is_row(lines.at(5), leader,
                 "     └─ sh -c actor ignore-term & actor print-signals & wait"));
    CHECK_THAT(lines.at(6), has("        ├─ actor "));
    CHECK_THAT(lines.at(7), has("        └─ actor "));
    CHECK(scene.run({"once", "stop", "-q", "x"}).ending == exited(0));
}

TEST_CASE("status: with targets only these, and 1 if one of them is not held", "[status]") {
    Scenario scene;
    const auto web = hold_port(scene, {"-n", "web"});
    const auto other = scene.launch({"once", "-n", "other", "--", "actor", "print-signals"});
    wait_until_inscribed(scene, web);
    wait_until_inscribed(scene, {other, other.ready_pid()});
    for (const std::string& target : {text(scene.port()), std::string("web")}) {
        const auto told = status(scene, {target});
        CHECK(told.ending == exited(0));
        CHECK_THAT(told.stdout_text, has(" web ") && !has("other"));
    }
    CHECK(lines_of(status(scene, {"other", "web"}).stdout_text).size() == 3);
    const auto missing = status(scene, {"web", "nobody"});
    CHECK(missing.ending == exited(1));
    CHECK(missing.stderr_text == "once: nobody started by once holds 'nobody'\n");
    CHECK(lines_of(missing.stdout_text).size() == 2);
}

TEST_CASE("status where nothing is held says so, and exits 0", "[status]") {
    Scenario scene;
    const auto told = status(scene);
    CHECK(told.ending == exited(0));
    CHECK(told.stdout_text.empty());
    CHECK(told.stderr_text == "once: nothing is held\n");
    const auto as_json = status(scene, {"--json"});
    CHECK(as_json.ending == exited(0));
    CHECK(as_json.stdout_text == "[]\n");
    CHECK(as_json.stderr_text.empty());
    CHECK_FALSE(std::filesystem::exists(scene.state_folder()));
}

TEST_CASE("status --json: the record, and how the job is", "[status][json]") {
    Scenario scene;
    const auto holder = hold_port(scene, {"-n", "web", "--stop-timeout", "7s"});
    wait_until_ready(scene);
    const auto parsed = status_json(scene);
    REQUIRE(parsed.size() == 1);
    const auto& one = parsed.at(0);
    CHECK(one.at("state") == "ready");
    CHECK(one.at("listens") == "yes");
    CHECK(one.at("schema").is_number_integer());
    CHECK(one.at("once").at("pid") == holder.once.pid());
    CHECK(one.at("keeper").at("pid") == parent_of(holder.leader));
    CHECK(one.at("leader").at("pid") == holder.leader);
    CHECK(one.at("leader").at("start") == process(holder.leader)->started);
    CHECK(one.at("starter").at("pid") == getpid());
    CHECK(one.at("folder") == scene.folder().string());
    CHECK(one.at("command").at(1) == "lock");
    CHECK(one.at("ports") == json{scene.port()});
    CHECK(one.at("name") == "web");
    CHECK(one.at("stop_timeout_ms") == 7000);
    CHECK(one.at("ready_since") >= one.at("started"));
    CHECK(one.at("memory_bytes") > 0);
    CHECK(one.at("cpu_ms").is_number());
    CHECK(one.at("pids") == json{holder.once.pid(), parent_of(holder.leader), holder.leader});
}

TEST_CASE("status on a terminal stays within its width", "[status][terminal]") {
    Scenario scene;
    const auto folder = scene.another_folder(std::string(60, 'f'));
    Command options{"-n", "x"};
    const auto holder = hold(scene, options, {.folder = folder});
    wait_until_inscribed(scene, holder);
    for (const int width : {40, 80, 100}) {
        for (const char* option : {"--color=auto", "-v"}) {
            Terminal terminal(scene);
            terminal.resize(24, width);
            const auto told = terminal.start({"once", "status", option});
            CHECK(told.wait_ending() == exited(0));
            terminal.wait_for("SLOT");
            terminal.wait_for("\n");
            terminal.wait_for("\n");
            std::string screen = terminal.screen();
            std::erase(screen, '\r');
            INFO(screen);
            for (const auto& line : lines_of(screen)) {
                CHECK(columns_of(line) <= static_cast<std::size_t>(width));
            }
            CHECK_THAT(screen, has("…"));
            // What is asked for least goes first.
            if (width == 80)
                CHECK_THAT(screen, has("  COMMAND\n") && has("  actor lock ") && !has("RESTARTS"));
        }
    }
    // Into a pipe nothing is cut.
    const auto whole = status(scene).stdout_text;
    CHECK_THAT(whole, has(folder.string()) && !has("…"));
}

TEST_CASE("status --watch draws again what has changed, until it is ended", "[status][watch]") {
    Scenario scene;
    const auto watching = scene.launch({"once", "status", "--watch=100ms"});
    watching.wait_for_output("nothing is held\nnothing is held\n");
    const auto holder = hold(scene, {"-n", "x"});
    eventually([&] { return count(watching.stdout_text(), "actor lock") >= 3; }, "it is seen");
    holder.once.signal(SIGTERM);
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
    const auto drawn = count(watching.stdout_text(), "nothing is held");
    eventually([&] { return count(watching.stdout_text(), "nothing is held") > drawn; },
               "its end is seen");
    watching.signal(SIGTERM);
    CHECK(watching.wait_ending() == killed_by(SIGTERM));
    CHECK(watching.stderr_text().empty());
    CHECK_THAT(watching.stdout_text(), !has("\x1b"));
}

TEST_CASE("status --watch on a terminal draws from the top left, and ends on Ctrl-C",
          "[status][watch][terminal]") {
    Scenario scene;
    Terminal terminal(scene);
    const auto shell = terminal.start_shell();
    terminal.type_line("once status --watch=100ms");
    for (int round = 0; round < 3; ++round) terminal.wait_for("\x1b[H\x1b[2Jnothing is held");
    terminal.press_ctrl_c();
    terminal.wait_for_prompt();
    terminal.type_line("echo status=$?.");
    terminal.wait_for("status=130.");
}

TEST_CASE("status --watch ends when nobody reads it any more", "[status][watch]") {
    Scenario scene;
    const auto watching = scene.launch({"once", "status", "--watch=100ms"});
    watching.wait_for_output("nothing is held");
    watching.close_output();
    (void)watching.wait_ending();
}

TEST_CASE("bad command lines of status", "[status][command-line][bad]") {
    Scenario scene;
    const auto check_bad = [&](const Command& words, const std::string& why) {
        const auto refused = status(scene, words);
        CHECK(refused.ending == exited(125));
        CHECK_THAT(refused.stderr_text, StartsWith("once: ") && has(why));
        CHECK(count(refused.stderr_text, "\n") == 1);
        CHECK(refused.stdout_text.empty());
    };
    check_bad({"--watch=99ms"}, "it can be 100ms or longer");
    check_bad({"--watch=x"}, "--watch: 'x' is not accepted");
    check_bad({"--watch="}, "--watch: '' is not accepted");
    check_bad({"--jsn"}, "unknown option '--jsn'; did you mean '--json'?");
    check_bad({"--force"}, "--force is not for once status; it is for a launch");
    check_bad({"-q"}, "unknown option '-q'");
    check_bad({"a b"}, "'a b' is neither a port nor a name");
}
