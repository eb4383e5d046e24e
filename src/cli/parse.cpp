#include "cli/parse.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "base/failure.hpp"
#include "base/text.hpp"
#include "cli/accept.hpp"
#include "cli/launch.hpp"
#include "cli/values.hpp"
#include "cli/walk.hpp"

namespace once::cli {
namespace {

// Ports and names.
std::vector<std::string> targets_of(const Walk& walk, std::string_view verb) {
    auto targets = walk.words();
    for (const auto& target : targets) {
        if (!claim::is_valid_name(target)) {
            fail("{}: '{}' is neither a port nor a name; . means what has neither in this folder",
                 verb, printable(target));
        }
    }
    return targets;
}

Request parse_status(int argc, char** argv) {
    constexpr Duration usual_pause = std::chrono::seconds(2);
    constexpr Duration least_pause = std::chrono::milliseconds(100);
    verbs::StatusRequest wish;
    const Option* without_value = nullptr;  // of those that need not have one
    Walk walk(argc, argv, for_status);
    while (const auto* option = walk.next()) {
        if (option->name == "help") return HelpRequest{};
        if (option->name == "version") return VersionRequest{};
        if (option->name == "json") wish.as_json = true;
        if (option->name == "verbose") wish.with_trees = true;
        if (option->name == "watch") {
            const bool is_given = walk.argument().has_value();
            without_value = is_given ? nullptr : option;
            wish.pause =
                is_given ? duration_or_refuse("watch", walk.argument().value_or("")) : usual_pause;
            if (*wish.pause < least_pause) {
                refuse_value("watch", walk.argument().value_or(""), "it can be 100ms or longer");
            }
        }
        apply(*option, walk.argument().value_or(""), wish.voice);
    }
    wish.targets = targets_of(walk, "status");
    // A bare number is a port.
    const bool has_unit = !wish.targets.empty() &&
                          wish.targets.front().find_first_not_of("0123456789") != std::string::npos;
    if (without_value != nullptr && has_unit) {
        refuse_parted(*without_value, wish.targets.front(), "a name");
    }
    return wish;
}

Request parse_stop(int argc, char** argv) {
    verbs::StopRequest wish;
    Walk walk(argc, argv, for_stop);
    while (const auto* option = walk.next()) {
        if (option->name == "help") return HelpRequest{};
        if (option->name == "version") return VersionRequest{};
        if (option->name == "all") wish.all = true;
        if (option->name == "stale") wish.stale_only = true;
        if (option->name == "force") wish.force = true;
        if (option->name == "dry-run") wish.dry_run = true;
        if (option->name == "conflict-exit-code") {
            wish.conflict_status = status_or_refuse(walk.argument().value_or(""));
        }
        apply(*option, walk.argument().value_or(""), wish.voice);
    }
    refuse_both(wish.voice);
    wish.targets = targets_of(walk, "stop");
    if (wish.targets.empty() && !wish.all && !wish.stale_only) {
        fail(
            "stop: name a port or a name, or say --all or --stale; once status tells what is held");
    }
    if (!wish.targets.empty() && wish.all)
        fail("stop: --all and '{}' contradict each other", wish.targets.front());
    if (wish.force && wish.targets.empty()) fail("stop: --force needs a port");
    if (wish.force && wish.stale_only) fail("stop: --stale and --force contradict each other");
    return wish;
}

Request parse_who(int argc, char** argv) {
    verbs::WhoRequest wish;
    Walk walk(argc, argv, for_who);
    while (const auto* option = walk.next()) {
        if (option->name == "help") return HelpRequest{};
        if (option->name == "version") return VersionRequest{};
        if (option->name == "json") wish.as_json = true;
        apply(*option, walk.argument().value_or(""), wish.voice);
    }
    const auto words = walk.words();
    if (words.size() != 1) fail("who: name one port: once who 8001");
    const auto port = parse_port(words.front());
    if (!port) {
        fail("who: '{}' is no port; a port is a number from 1 to 65535", printable(words.front()));
    }
    wish.port = *port;
    return wish;
}

Request parse_restart(int argc, char** argv) {
    verbs::RestartRequest wish;
    Walk walk(argc, argv, for_restart);
    while (const auto* option = walk.next()) {
        if (option->name == "help") return HelpRequest{};
        if (option->name == "version") return VersionRequest{};
        if (option->name == "conflict-exit-code") {
            wish.conflict_status = status_or_refuse(walk.argument().value_or(""));
        }
        apply(*option, walk.argument().value_or(""), wish.voice);
    }
    const auto targets = targets_of(walk, "restart");
    if (targets.size() != 1) fail("restart: name one port or name: once restart 8001");
    wish.target = targets.front();
    return wish;
}

std::uint64_t parse_lines(std::string_view value) {
    if (value == "all") return std::numeric_limits<std::uint64_t>::max();
    const auto lines = parse_number(value, 0, std::numeric_limits<long>::max());
    if (!lines) refuse_value("lines", value, "it can be a number, or all");
    return static_cast<std::uint64_t>(*lines);
}

Request parse_logs(int argc, char** argv) {
    verbs::LogsRequest wish;
    Walk walk(argc, argv, for_logs);
    while (const auto* option = walk.next()) {
        if (option->name == "help") return HelpRequest{};
        if (option->name == "version") return VersionRequest{};
        if (option->name == "follow") wish.follow = true;
        if (option->name == "lines") wish.lines = parse_lines(walk.argument().value_or(""));
        apply(*option, walk.argument().value_or(""), wish.voice);
    }
    const auto targets = targets_of(walk, "logs");
    if (targets.size() != 1) fail("logs: name one port or name: once logs 8001");
    wish.target = targets.front();
    return wish;
}

// Who types it for a verb would end processes that have nothing to do with the ports.
void refuse_kill(int argc, char** argv) {
    if (argc < 3 || std::string_view(argv[1]) != "kill") return;
    if (!std::all_of(argv + 2, argv + argc, [](const char* word) { return parse_port(word); })) {
        return;
    }
    const std::vector<std::string> words(argv + 2, argv + argc);
    fail("no verb 'kill'; to end who has port {0}: once stop {0}; to run kill(1): once -- kill {0}",
         fmt::format("{}", fmt::join(words, " ")));
}

}  // namespace

Request parse(int argc, char** argv) {
    // A verb is one as the first word only: `once -- status` runs a command of that name.
    const auto verb = argc > 1 ? verb_of(argv[1]) : std::nullopt;
    if (!verb) {
        refuse_kill(argc, argv);
        return parse_launch(argc, argv);
    }
    if (*verb == for_status) return parse_status(argc - 1, argv + 1);
    if (*verb == for_stop) return parse_stop(argc - 1, argv + 1);
    if (*verb == for_restart) return parse_restart(argc - 1, argv + 1);
    if (*verb == for_logs) return parse_logs(argc - 1, argv + 1);
    return parse_who(argc - 1, argv + 1);
}

}  // namespace once::cli
