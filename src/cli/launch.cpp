#include "cli/launch.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/failure.hpp"
#include "base/text.hpp"
#include "cli/accept.hpp"
#include "cli/values.hpp"
#include "cli/walk.hpp"

namespace once::cli {
namespace {

verbs::Group parse_group(std::string_view value) {
    if (value == "auto") return verbs::Group::automatic;
    if (value == "own") return verbs::Group::own;
    if (value == "shared") return verbs::Group::shared;
    refuse_value("group", value, "it can be auto, own or shared");
}

// As many as a record holds.
constexpr std::size_t most_ports = 1000;
constexpr Duration usual_readiness = std::chrono::seconds(30);

// One policy, said as often as one likes, but not two.
void set_policy(verbs::RunRequest& wish, claim::Policy policy, std::string& said,
                std::string_view name) {
    if (wish.policy && *wish.policy != policy) {
        fail("--{} and --{} contradict each other", said, name);
    }
    wish.policy = policy;
    said = name;
}

void add_port(verbs::RunRequest& wish, std::string_view value) {
    const auto port = parse_port(value);
    if (!port && value.find(',') != std::string_view::npos) {
        refuse_value("port", value,
                     "a port is a number from 1 to 65535; give each one a -p of its own");
    }
    if (!port) refuse_value("port", value, "a port is a number from 1 to 65535");
    if (std::find(wish.ports.begin(), wish.ports.end(), *port) != wish.ports.end()) return;
    if (wish.ports.size() == most_ports) {
        refuse_value("port", value, fmt::format("a launch claims up to {} ports", most_ports));
    }
    wish.ports.push_back(*port);
}

void set_name(verbs::RunRequest& wish, std::string_view value) {
    if (!claim::is_valid_name(value)) {
        refuse_value("name", value, "a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -");
    }
    if (value == ".") refuse_value("name", value, "it means the jobs of a folder without a name");
    if (value.find_first_not_of("0123456789") == std::string_view::npos) {
        refuse_value("name", value,
                     "once stop would take it for a port; a port is claimed by -p, a name needs "
                     "something beside digits");
    }
    if (!wish.name.empty() && wish.name != value) {
        fail("--name was given twice: '{}' and '{}'; a launch claims one name", wish.name, value);
    }
    wish.name = value;
}

job::RestartPlan::When parse_when(std::string_view value) {
    using When = job::RestartPlan::When;
    if (value == "never") return When::never;
    if (value == "on-failure") return When::on_failure;
    if (value == "always") return When::always;
    refuse_value("restart", value, "it can be never, on-failure or always");
}

job::Endpoint parse_url(std::string_view value) {
    if (!value.starts_with("http")) {
        refuse_value("ready-url", value,
                     "it needs http://HOST:PORT/PATH, as in http://localhost:8001/");
    }
    auto parsed = job::parse_endpoint(value);
    if (auto* endpoint = std::get_if<job::Endpoint>(&parsed)) {
        if (endpoint->kind == job::Endpoint::Kind::http) return std::move(*endpoint);
        refuse_value("ready-url", value,
                     "it needs http://HOST:PORT/PATH, as in http://localhost:8001/");
    }
    refuse_value("ready-url", value, std::get<std::string>(parsed));
}

void add_dependency(verbs::RunRequest& wish, std::string_view value) {
    auto endpoint = job::parse_endpoint(value);
    if (const auto* wrong = std::get_if<std::string>(&endpoint)) {
        refuse_value("wait-for", value, *wrong);
    }
    wish.dependencies.push_back(std::get<job::Endpoint>(std::move(endpoint)));
}

void apply(const Option& option, std::optional<std::string_view> argument, verbs::RunRequest& wish,
           std::string& said) {
    const auto name = option.name;
    const auto value = argument.value_or("");
    if (name == "port") return add_port(wish, value);
    if (name == "name") return set_name(wish, value);
    if (name == "replace") return set_policy(wish, claim::Policy::replace, said, name);
    if (name == "refuse") return set_policy(wish, claim::Policy::refuse, said, name);
    if (name == "reuse") return set_policy(wish, claim::Policy::reuse, said, name);
    if (name == "wait") {
        set_policy(wish, claim::Policy::wait, said, name);
        if (argument) wish.patience = duration_or_refuse(name, value);
    } else if (name == "wait-for") {
        add_dependency(wish, value);
    } else if (name == "wait-timeout") {
        wish.dependency_timeout = duration_or_refuse(name, value);
    } else if (name == "force") {
        wish.force = true;
    } else if (name == "ready") {
        wish.ready = argument ? lifetime_or_refuse(name, value) : usual_readiness;
    } else if (name == "ready-url") {
        wish.ready_url = parse_url(value);
    } else if (name == "restart") {
        wish.restart.when = parse_when(value);
    } else if (name == "max-restarts") {
        wish.restart.most = number_or_refuse(name, value, 1'000'000);
    } else if (name == "min-uptime") {
        wish.restart.min_uptime = duration_or_refuse(name, value);
    } else if (name == "max-memory") {
        wish.max_memory = size_or_refuse(name, value);
    } else if (name == "ttl") {
        wish.ttl = lifetime_or_refuse(name, value);
    } else if (name == "detach") {
        wish.detach = true;
    } else if (name == "log") {
        if (value.empty()) refuse_value(name, value, "it needs a file");
        wish.log_file = value;
    } else if (name == "log-timestamps") {
        wish.log_timestamps = true;
    } else if (name == "log-max-size") {
        wish.log_max_size = size_or_refuse(name, value);
    } else if (name == "log-keep") {
        wish.log_keep = static_cast<std::size_t>(number_or_refuse(name, value, 1000));
    } else if (name == "stop-signal") {
        const auto signal = parse_signal(value);
        if (!signal) {
            refuse_value(name, value,
                         "it can be HUP, INT, QUIT, ABRT, KILL, USR1, USR2, ALRM or TERM");
        }
        wish.stop.signal = *signal;
    } else if (name == "stop-timeout") {
        wish.stop.timeout = duration_or_refuse(name, value);
    } else if (name == "group") {
        wish.group = parse_group(value);
    } else if (name == "sweep-daemons") {
        wish.sweep_daemons = true;
    } else if (name == "chdir") {
        if (value.empty()) refuse_value(name, value, "it needs a folder");
        wish.folder = value;
    } else if (name == "pid-file") {
        if (value.empty()) refuse_value(name, value, "it needs a file");
        wish.pid_file = value;
    } else if (name == "with-parent") {
        wish.with_parent = true;
    } else if (name == "dry-run") {
        wish.dry_run = true;
    } else if (name == "conflict-exit-code") {
        wish.conflict_status = status_or_refuse(value);
    } else {
        apply(option, value, wish.voice);
    }
}

// What is said only together with something else.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> companions{
    {{"log", "detach"},
     {"log-timestamps", "detach"},
     {"log-max-size", "detach"},
     {"log-keep", "detach"},
     {"max-restarts", "restart"},
     {"min-uptime", "restart"}}};

bool is_among(std::string_view option, const std::vector<std::string_view>& said) {
    return std::find(said.begin(), said.end(), option) != said.end();
}

void refuse_lonely(const std::vector<std::string_view>& said) {
    for (const auto& [option, companion] : companions) {
        if (is_among(option, said) && !is_among(companion, said)) {
            fail("--{} means nothing without --{}", option, companion);
        }
    }
}

void complete_readiness(verbs::RunRequest& wish) {
    if (wish.ready_url && !wish.ready) wish.ready = usual_readiness;
    if (wish.ready && wish.ports.empty() && !wish.ready_url) {
        fail("--ready needs a --port to listen on, or a --ready-url that answers");
    }
}

}  // namespace

Request parse_launch(int argc, char** argv) {
    verbs::RunRequest wish;
    std::string policy_name;
    std::vector<std::string_view> said;
    const Option* without_value = nullptr;  // the last one, if it has left out its value
    Walk walk(argc, argv, for_launch);
    while (const auto* option = walk.next()) {
        if (option->name == "help") return HelpRequest{};
        if (option->name == "version") return VersionRequest{};
        const bool is_left_out = option->argument == Argument::optional && !walk.argument();
        without_value = is_left_out ? option : nullptr;
        said.push_back(option->name);
        apply(*option, walk.argument(), wish, policy_name);
    }
    wish.command = walk.words();
    if (wish.command.empty()) fail("no command given; usage: {}", usage);
    refuse_both(wish.voice);
    const std::string_view before = argv[argc - static_cast<int>(wish.command.size()) - 1];
    if (without_value != nullptr && before != "--") {
        refuse_parted(*without_value, wish.command.front(), "the command");
    }
    refuse_lonely(said);
    complete_readiness(wish);
    if (wish.force && (policy_name == "refuse" || policy_name == "wait")) {
        fail("--force and --{} contradict each other", policy_name);
    }
    if (is_among("wait-timeout", said) && wish.dependencies.empty()) {
        fail(
            "--wait-timeout is for --wait-for, which is not given; --wait takes its own: "
            "--wait=5s");
    }
    return wish;
}

std::uint64_t parse_lines(std::string_view value) {
    if (value == "all") return std::numeric_limits<std::uint64_t>::max();
    const auto lines = parse_number(value, 0, std::numeric_limits<long>::max());
    if (!lines) refuse_value("lines", value, "it can be a number, or all");
    return static_cast<std::uint64_t>(*lines);
}

}  // namespace once::cli
