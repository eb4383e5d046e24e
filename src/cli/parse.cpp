#include "cli/parse.hpp"

#include <getopt.h>

#include <algorithm>
#include <array>

#include "base/failure.hpp"
#include "base/text.hpp"
#include "cli/options.hpp"
#include "cli/values.hpp"

namespace once::cli {
namespace {

// The table in the form that getopt_long(3) wants. An option's number there is its place +
// first_id.
constexpr int first_id = 1000;

struct GetoptTable {
    std::string letters;
    std::vector<option> names;
};

GetoptTable getopt_table(For verb) {
    // `+`: stop at the first word that is no option; `-`: give each such word as the argument of an
    // option numbered 1. `:`: tell a missing argument apart.
    GetoptTable table{verb == for_launch ? "+:" : "-:", {}};
    for (std::size_t i = 0; i < options().size(); ++i) {
        const auto& option = options()[i];
        if ((option.verbs & verb) == 0) continue;
        const int argument = option.argument == Argument::none       ? no_argument
                             : option.argument == Argument::optional ? optional_argument
                                                                     : required_argument;
        table.names.push_back(
            {option.name.data(), argument, nullptr, first_id + static_cast<int>(i)});
        if (option.letter == 0) continue;
        table.letters += option.letter;
        table.letters.append(static_cast<std::size_t>(argument), ':');
    }
    table.names.push_back({nullptr, 0, nullptr, 0});
    return table;
}

const Option& find_option(int id) {
    if (id >= first_id) return options()[static_cast<std::size_t>(id - first_id)];
    return *std::find_if(options().begin(), options().end(),
                         [&](const Option& option) { return option.letter == id; });
}

[[noreturn]] void refuse_value(std::string_view option, std::string_view value,
                               std::string_view accepted) {
    fail("--{}: '{}' is not accepted; {}", option, printable(value), accepted);
}

[[noreturn]] void refuse_unknown(std::string_view word, For verb) {
    const auto start = word.substr(0, word.find('='));
    const bool names_slot =
        start == "-p" || start == "--port" || start == "-n" || start == "--name";
    if (names_slot && verb != for_launch) {
        fail("'{}' is for launches; here the port or the name stands alone: once status 8001",
             printable(start));
    }
    if (!word.starts_with("--")) {
        fail("unknown option '{}'; see once --help", printable(word));
    }
    const auto name = word.substr(2, word.find('=') - 2);
    for (const auto& option : options()) {
        if (option.name == name)
            fail("unknown option '--{}' here: it is for another verb; see once --help", name);
    }
    const auto nearest = nearest_option(name, verb);
    if (nearest.empty()) fail("unknown option '--{}'; see once --help", printable(name));
    fail("unknown option '--{}'; did you mean '--{}'?", printable(name), nearest);
}

// Walks over the options; what is left begins at `words`.
class Walk {
public:
    Walk(int argc, char** argv, For verb)
        : argc_(argc), argv_(argv), verb_(verb), table_(getopt_table(verb)) {
        ::optind = 0;  // glibc's word for: begin anew, also with another table
        ::opterr = 0;
    }

    // The next option, its argument in `optarg`; nothing at the end of the options.
    const Option* next() {
        const int before = ::optind == 0 ? 1 : ::optind;
        const int id =
            ::getopt_long(argc_, argv_, table_.letters.c_str(), table_.names.data(), nullptr);
        if (id == -1) return nullptr;
        if (id == 1) {
            words_.emplace_back(::optarg);
            return next();
        }
        const std::string_view word = argv_[std::min(before, argc_ - 1)];
        if (id == '?') {
            const auto letter = std::string{'-', static_cast<char>(::optopt)};
            if (::optopt >= first_id) {
                fail("--{} takes no value", find_option(::optopt).name);
            }
            refuse_unknown(word.starts_with("--") ? word : letter, verb_);
        }
        if (id == ':') {
            const auto& option = find_option(::optopt);
            fail("--{} needs a value: {}", option.name, option.value);
        }
        const auto& option = find_option(id);
        // getopt_long(3) takes any beginning of a name that is the only such one. A script that
        // lives on that breaks when the next option is added.
        if (id >= first_id && word.substr(2, word.find('=') - 2) != option.name) {
            refuse_unknown(word, verb_);
        }
        return &option;
    }

    [[nodiscard]] std::vector<std::string> words() const {
        auto words = words_;
        words.insert(words.end(), argv_ + ::optind, argv_ + argc_);
        return words;
    }

private:
    int argc_;
    char** argv_;
    For verb_;
    GetoptTable table_;
    std::vector<std::string> words_;  // that stood between the options
};

verbs::Color parse_color(std::string_view value) {
    if (value == "auto") return verbs::Color::automatic;
    if (value == "always") return verbs::Color::always;
    if (value == "never") return verbs::Color::never;
    refuse_value("color", value, "it can be auto, always or never");
}

verbs::Group parse_group(std::string_view value) {
    if (value == "auto") return verbs::Group::automatic;
    if (value == "own") return verbs::Group::own;
    if (value == "shared") return verbs::Group::shared;
    refuse_value("group", value, "it can be auto, own or shared");
}

Duration duration_or_refuse(std::string_view option, std::string_view value) {
    const auto duration = parse_duration(value);
    if (!duration) {
        refuse_value(option, value, "a duration is 500ms, 5s, 2m or 1h; a bare number is seconds");
    }
    return *duration;
}

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
    if (std::find(wish.ports.begin(), wish.ports.end(), *port) == wish.ports.end()) {
        wish.ports.push_back(*port);
    }
}

void set_name(verbs::RunRequest& wish, std::string_view value) {
    if (!claim::is_valid_name(value)) {
        refuse_value("name", value, "a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -");
    }
    if (!wish.name.empty() && wish.name != value) {
        fail("--name was given twice: '{}' and '{}'; a launch claims one name", wish.name, value);
    }
    wish.name = value;
}

int parse_status_number(std::string_view value) {
    const auto status = parse_number(value, 0, 255);
    if (!status) {
        refuse_value("conflict-exit-code", value, "an exit status is a number from 0 to 255");
    }
    return static_cast<int>(*status);
}

void apply(const Option& option, std::string_view value, verbs::VoiceSettings& voice) {
    if (option.name == "quiet") voice.is_quiet = true;
    if (option.name == "verbose") voice.is_verbose = true;
    if (option.name == "color") voice.color = parse_color(value);
}

void refuse_both(const verbs::VoiceSettings& voice) {
    if (voice.is_quiet && voice.is_verbose) fail("--quiet and --verbose contradict each other");
}

void apply(const Option& option, std::string_view value, verbs::RunRequest& wish,
           std::string& said) {
    const auto name = option.name;
    if (name == "port") return add_port(wish, value);
    if (name == "name") return set_name(wish, value);
    if (name == "replace") return set_policy(wish, claim::Policy::replace, said, name);
    if (name == "refuse") return set_policy(wish, claim::Policy::refuse, said, name);
    if (name == "reuse") return set_policy(wish, claim::Policy::reuse, said, name);
    if (name == "wait") {
        set_policy(wish, claim::Policy::wait, said, name);
        if (::optarg != nullptr) wish.patience = duration_or_refuse(name, value);
    } else if (name == "force") {
        wish.force = true;
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
        wish.conflict_status = parse_status_number(value);
    } else {
        apply(option, value, wish.voice);
    }
}

Request parse_launch(int argc, char** argv) {
    verbs::RunRequest wish;
    std::string policy_name;
    bool ends_with_wait = false;
    Walk walk(argc, argv, for_launch);
    while (const auto* option = walk.next()) {
        if (option->name == "help") return HelpRequest{};
        if (option->name == "version") return VersionRequest{};
        ends_with_wait = option->name == "wait" && ::optarg == nullptr;
        apply(*option, ::optarg != nullptr ? ::optarg : "", wish, policy_name);
    }
    wish.command = walk.words();
    if (wish.command.empty()) fail("no command given; usage: {}", usage);
    refuse_both(wish.voice);
    if (wish.force && (policy_name == "refuse" || policy_name == "wait")) {
        fail("--force and --{} contradict each other", policy_name);
    }
    const std::string_view before = argv[argc - static_cast<int>(wish.command.size()) - 1];
    if (ends_with_wait && before != "--" && parse_duration(wish.command.front())) {
        fail("--wait: write --wait={0} or -w{0}, in one word; '{0}' alone is taken as the command",
             wish.command.front());
    }
    return wish;
}

std::string_view argument() { return ::optarg != nullptr ? ::optarg : ""; }

// Ports and names.
std::vector<std::string> targets_of(const Walk& walk, std::string_view verb) {
    auto targets = walk.words();
    for (const auto& target : targets) {
        if (!claim::is_valid_name(target)) {
            fail("{}: '{}' is neither a port nor a name", verb, printable(target));
        }
    }
    return targets;
}

Request parse_status(int argc, char** argv) {
    constexpr Duration usual_pause = std::chrono::seconds(2);
    constexpr Duration least_pause = std::chrono::milliseconds(100);
    verbs::StatusRequest wish;
    Walk walk(argc, argv, for_status);
    while (const auto* option = walk.next()) {
        if (option->name == "help") return HelpRequest{};
        if (option->name == "version") return VersionRequest{};
        if (option->name == "json") wish.as_json = true;
        if (option->name == "verbose") wish.with_trees = true;
        if (option->name == "watch") {
            const bool is_given = ::optarg != nullptr;
            wish.pause = is_given ? duration_or_refuse("watch", argument()) : usual_pause;
            if (*wish.pause < least_pause) {
                refuse_value("watch", argument(), "it can be 100ms or longer");
            }
        }
        apply(*option, argument(), wish.voice);
    }
    wish.targets = targets_of(walk, "status");
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
            wish.conflict_status = parse_status_number(argument());
        }
        apply(*option, argument(), wish.voice);
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
    return wish;
}

Request parse_who(int argc, char** argv) {
    verbs::WhoRequest wish;
    Walk walk(argc, argv, for_who);
    while (const auto* option = walk.next()) {
        if (option->name == "help") return HelpRequest{};
        if (option->name == "version") return VersionRequest{};
        if (option->name == "json") wish.as_json = true;
        apply(*option, argument(), wish.voice);
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

}  // namespace

Request parse(int argc, char** argv) {
    // A verb is one as the first word only: `once -- status` runs a command of that name.
    const auto verb = argc > 1 ? verb_of(argv[1]) : std::nullopt;
    if (!verb) return parse_launch(argc, argv);
    if (*verb == for_status) return parse_status(argc - 1, argv + 1);
    if (*verb == for_stop) return parse_stop(argc - 1, argv + 1);
    return parse_who(argc - 1, argv + 1);
}

}  // namespace once::cli
