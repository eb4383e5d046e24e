#include <csignal>
#include <limits>
#include <string>
#include <vector>

#include "base/failure.hpp"
#include "catch.hpp"
#include "cli/parse.hpp"

using namespace once;
using cli::parse;
using verbs::RunRequest;
using verbs::StatusRequest;
using Words = std::vector<std::string>;
using namespace std::chrono_literals;

namespace {

cli::Request request(Words words) {
    words.insert(words.begin(), "once");
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    return parse(static_cast<int>(words.size()), argv.data());
}

RunRequest run(Words words) {
    const auto parsed = request(std::move(words));
    REQUIRE(std::holds_alternative<RunRequest>(parsed));
    return std::get<RunRequest>(parsed);
}

// Options for a command `c`.
RunRequest launch(Words options) {
    options.emplace_back("c");
    auto wish = run(std::move(options));
    CHECK(wish.command == Words{"c"});
    return wish;
}

StatusRequest status(Words words) {
    words.insert(words.begin(), "status");
    const auto parsed = request(std::move(words));
    REQUIRE(std::holds_alternative<StatusRequest>(parsed));
    return std::get<StatusRequest>(parsed);
}

verbs::LogsRequest logs(Words words) {
    words.insert(words.begin(), "logs");
    const auto parsed = request(std::move(words));
    REQUIRE(std::holds_alternative<verbs::LogsRequest>(parsed));
    return std::get<verbs::LogsRequest>(parsed);
}

}  // namespace

TEST_CASE("dependencies are kept in the order in which they were given") {
    const auto wish =
        launch({"--wait-for", "tcp:db:5432", "--wait-for=file:x", "--wait-timeout=2m"});
    REQUIRE(wish.dependencies.size() == 2);
    CHECK(wish.dependencies[0].text == "tcp:db:5432");
    CHECK(wish.dependencies[1].text == "file:x");
    CHECK(wish.dependency_timeout == 2min);
    CHECK(launch({}).dependencies.empty());
    CHECK(launch({}).dependency_timeout == 30s);
}

TEST_CASE("a command needs no option") {
    const auto wish = run({"pnpm", "dev"});
    CHECK(wish.command == Words{"pnpm", "dev"});
    CHECK(wish.ports.empty());
    CHECK(wish.name.empty());
    CHECK_FALSE(wish.policy);
    CHECK_FALSE(wish.patience);
    CHECK(wish.stop.signal == SIGTERM);
    CHECK(wish.stop.timeout == 5s);
    CHECK(wish.group == verbs::Group::automatic);
    CHECK(wish.conflict_status == 75);
    CHECK_FALSE(wish.dry_run);
}

TEST_CASE("options end at the first word that is none, and the rest is passed on untouched") {
    CHECK(run({"-p", "80", "npm", "run", "-p", "x", "--", "--port=1"}).command ==
          Words{"npm", "run", "-p", "x", "--", "--port=1"});
    CHECK(run({"--", "-p", "80"}).command == Words{"-p", "80"});
    CHECK(run({"--", "--", "a"}).command == Words{"--", "a"});
    CHECK(run({"-"}).command == Words{"-"});
    CHECK(run({"sh", "-c", "", "a b"}).command == Words{"sh", "-c", "", "a b"});
}

TEST_CASE("a verb is a verb only as the first word") {
    CHECK(run({"--", "status"}).command == Words{"status"});
    CHECK(run({"-p", "80", "status"}).command == Words{"status"});
    CHECK(std::holds_alternative<StatusRequest>(request({"status"})));
}

TEST_CASE("a port is claimed with -p or --port, and may be repeated") {
    CHECK(launch({"-p", "8001"}).ports == std::vector<os::Port>{8001});
    CHECK(launch({"-p8001"}).ports == std::vector<os::Port>{8001});
    CHECK(launch({"--port=8001"}).ports == std::vector<os::Port>{8001});
    CHECK(launch({"-p", "2", "-p", "1"}).ports == std::vector<os::Port>{2, 1});
    CHECK(launch({"-p", "1", "--port", "1"}).ports == std::vector<os::Port>{1});
}

TEST_CASE("each option does what it says") {
    CHECK(launch({"--name", "api"}).name == "api");
    CHECK(launch({"-n", "api", "-napi"}).name == "api");
    CHECK(launch({"--stop-signal", "SIGINT"}).stop.signal == SIGINT);
    CHECK(launch({"--stop-timeout=500ms"}).stop.timeout == 500ms);
    CHECK(launch({"--group", "own"}).group == verbs::Group::own);
    CHECK(launch({"--group=shared"}).group == verbs::Group::shared);
    CHECK(launch({"--group=auto"}).group == verbs::Group::automatic);
    CHECK(launch({"--sweep-daemons"}).sweep_daemons);
    CHECK(launch({"--with-parent"}).with_parent);
    CHECK(launch({"--dry-run"}).dry_run);
    CHECK(launch({"-C", "/app"}).folder == "/app");
    CHECK(launch({"--chdir", "app"}).folder == "app");
    CHECK(launch({"--pid-file", "x.pid"}).pid_file == "x.pid");
    CHECK(launch({"-E", "0"}).conflict_status == 0);
    CHECK(launch({"--conflict-exit-code=255"}).conflict_status == 255);
    CHECK(launch({"-q"}).voice.is_quiet);
    CHECK(launch({"-v"}).voice.is_verbose);
    CHECK(launch({"--color", "never"}).voice.color == verbs::Color::never);
}

TEST_CASE("letters may be written in one word") {
    const auto wish = launch({"-vp80"});
    CHECK(wish.voice.is_verbose);
    CHECK(wish.ports == std::vector<os::Port>{80});
}

TEST_CASE("one policy may be said twice") {
    CHECK(launch({"--replace"}).policy == claim::Policy::replace);
    CHECK(launch({"--refuse", "--refuse"}).policy == claim::Policy::refuse);
    CHECK(launch({"--reuse"}).policy == claim::Policy::reuse);
}

TEST_CASE("to wait needs no duration, and takes one in the same word only") {
    CHECK(launch({"--wait"}).policy == claim::Policy::wait);
    CHECK_FALSE(launch({"--wait"}).patience);
    CHECK_FALSE(launch({"-w"}).patience);
    CHECK(launch({"--wait=5"}).patience == 5s);
    CHECK(launch({"-w2m"}).patience == 2min);
    CHECK(run({"--wait", "--", "5"}).command == Words{"5"});
    CHECK(run({"--wait", "sh", "5"}).command == Words{"sh", "5"});
}

TEST_CASE("help and version are asked for before anything else is known") {
    CHECK(std::holds_alternative<cli::HelpRequest>(request({"--help"})));
    CHECK(std::holds_alternative<cli::HelpRequest>(request({"-p", "80", "-h", "cmd"})));
    CHECK(std::holds_alternative<cli::VersionRequest>(request({"-V"})));
    CHECK(std::holds_alternative<cli::VersionRequest>(request({"--version"})));
    CHECK(std::holds_alternative<cli::HelpRequest>(request({"status", "--help"})));
    CHECK(run({"cmd", "--help"}).command == Words{"cmd", "--help"});
}

TEST_CASE("status takes targets and options in any order") {
    CHECK(status({}).targets.empty());
    CHECK_FALSE(status({}).as_json);
    const auto wish = status({"8001", "--json", "api"});
    CHECK(wish.targets == Words{"8001", "api"});
    CHECK(wish.as_json);
    CHECK(status({"--color=always"}).voice.color == verbs::Color::always);
    CHECK(status({"--", "api"}).targets == Words{"api"});
}

TEST_CASE("a command line is read anew each time, whatever was read before") {
    CHECK_THROWS_AS(request({"-vx"}), Failure);
    CHECK(launch({"-p", "80"}).ports == std::vector<os::Port>{80});
    CHECK(status({"--json"}).as_json);
    CHECK(launch({"-qp80"}).voice.is_quiet);
}

TEST_CASE("a huge command line is passed on as it is") {
    Words words(100'000, "x");
    words.emplace_back(1'000'000, 'y');
    CHECK(run(words).command == words);
}

TEST_CASE("logs shows the last 20 lines of one port or name") {
    const auto wish = logs({"8001"});
    CHECK(wish.target == "8001");
    CHECK_FALSE(wish.follow);
    CHECK(wish.lines == 20);
    CHECK(logs({"web", "--lines", "5"}).lines == 5);
    CHECK(logs({"--lines=0", "web"}).lines == 0);
    CHECK(logs({"--lines", "all", "web"}).lines == std::numeric_limits<std::uint64_t>::max());
    CHECK(logs({"--follow", "web"}).follow);
}

TEST_CASE("the letter -f means --follow for logs, and --force for a launch and for stop") {
    CHECK(logs({"-f", "web"}).follow);
    CHECK(logs({"web", "-f"}).target == "web");
    CHECK(launch({"-f"}).force);
    CHECK(std::get<verbs::StopRequest>(request({"stop", "-f", "8001"})).force);
}

TEST_CASE("a job has 30 s to become ready, or as long as it is given") {
    CHECK_FALSE(launch({"-p", "80"}).ready);
    CHECK(launch({"-p", "80", "--ready"}).ready == 30s);
    CHECK(launch({"-p", "80", "--ready=5s"}).ready == 5s);
    CHECK(run({"-p", "80", "--ready", "sh", "5"}).command == Words{"sh", "5"});
}

TEST_CASE("a url that must answer makes a job wait to be ready, with or without a port") {
    const auto wish = launch({"--ready-url", "http://localhost:8001/health"});
    CHECK(wish.ready == 30s);
    REQUIRE(wish.ready_url);
    CHECK(wish.ready_url->text == "http://localhost:8001/health");
    CHECK(launch({"--ready=2s", "--ready-url=http://a/"}).ready == 2s);
    CHECK(launch({"--ready-url=http://a/", "--ready=2s"}).ready == 2s);
}

TEST_CASE("a launch in the background has a log, as it is told") {
    CHECK_FALSE(launch({}).detach);
    const auto usual = launch({"-d"});
    CHECK(usual.detach);
    CHECK(usual.log_file.empty());
    CHECK_FALSE(usual.log_timestamps);
    CHECK(usual.log_max_size == 10U << 20U);
    CHECK(usual.log_keep == 3);
    const auto other = launch({"--detach", "--log", "x.log", "--log-timestamps", "--log-max-size",
                               "64K", "--log-keep=0"});
    CHECK(other.log_file == "x.log");
    CHECK(other.log_timestamps);
    CHECK(other.log_max_size == 65536);
    CHECK(other.log_keep == 0);
}

TEST_CASE("a command is launched again as often as it is told") {
    using When = once::job::RestartPlan::When;
    CHECK(launch({}).restart.when == When::never);
    CHECK(launch({"--restart", "never"}).restart.when == When::never);
    CHECK(launch({"--restart=on-failure"}).restart.when == When::on_failure);
    const auto usual = launch({"--restart=always"});
    CHECK(usual.restart.when == When::always);
    CHECK(usual.restart.most == 10);
    CHECK(usual.restart.min_uptime == 10s);
    const auto other = launch({"--max-restarts=0", "--min-uptime=1m", "--restart=always"});
    CHECK(other.restart.most == 0);
    CHECK(other.restart.min_uptime == 1min);
}

TEST_CASE("a job has no limits but those that it is given") {
    CHECK_FALSE(launch({}).max_memory);
    CHECK_FALSE(launch({}).ttl);
    CHECK(launch({"--max-memory", "512M"}).max_memory == 512U << 20U);
    CHECK(launch({"--ttl=1h"}).ttl == 1h);
}

TEST_CASE("restart takes one port or name") {
    const auto wish = std::get<verbs::RestartRequest>(request({"restart", "web", "-E", "3"}));
    CHECK(wish.target == "web");
    CHECK(wish.conflict_status == 3);
    CHECK(run({"--", "restart"}).command == Words{"restart"});
}
