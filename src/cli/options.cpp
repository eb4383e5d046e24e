#include "cli/options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace once::cli {
namespace {

std::string left_column(const Option& option) {
    const auto letter =
        option.letter != 0 ? fmt::format("-{}, ", option.letter) : std::string("    ");
    const auto value = option.argument == Argument::none       ? std::string()
                       : option.argument == Argument::optional ? fmt::format("[={}]", option.value)
                                                               : fmt::format(" {}", option.value);
    return fmt::format("{}--{}{}", letter, option.name, value);
}

}  // namespace

const std::vector<Option>& options() {
    using enum Argument;
    static const std::vector<Option> all{
        {"port", 'p', required, "PORT", "claim a TCP port; repeatable, all or none", for_launch,
         "What it claims (else its folder with the command line)"},
        {"name", 'n', required, "NAME", "claim a name: 1-64 of A-Z a-z 0-9 . _ -"},
        {"replace", 0, none, "", "end the holder and take its place (default)", for_launch,
         "If somebody holds that"},
        {"refuse", 0, none, "", "never end anything: exit 75 if the slot is held"},
        {"reuse", 0, none, "", "exit 0 if the holder is ours and healthy"},
        {"wait", 'w', optional, "DUR", "wait until the slot is free; exit 75 after DUR"},
        {"force", 'f', none, "", "end strangers and other folders' jobs too",
         for_launch | for_stop},
        {"conflict-exit-code", 'E', required, "N", "exit N (0-255) instead of 75",
         for_launch | for_stop | for_restart},
        {"wait-for", 0, required, "WHAT", "wait first: tcp:HOST:PORT, http://..., file:PATH",
         for_launch, "Coming up"},
        {"wait-timeout", 0, required, "DUR", "how long --wait-for may take; then exit 69 (30s)"},
        {"ready", 0, optional, "DUR", "exit 69 if it does not listen within DUR (30s)"},
        {"ready-url", 0, required, "URL", "and if this http URL does not answer by then"},
        {"detach", 'd', none, "", "run in the background; --ready waits for it", for_launch,
         "In the background"},
        {"log", 0, required, "FILE", "with -d: where its output goes"},
        {"log-timestamps", 0, none, "", "with -d: the time before each line"},
        {"log-max-size", 0, required, "SIZE", "with -d: rotate the log at that size (10M)"},
        {"log-keep", 0, required, "N", "with -d: how many rotated logs are kept (3)"},
        {"restart", 0, required, "WHEN", "start it again: never, on-failure or always", for_launch,
         "Restarts and limits", "never on-failure always"},
        {"max-restarts", 0, required, "N", "give up after N restarts in a row (10)"},
        {"min-uptime", 0, required, "DUR", "a run of DUR begins a new row (10s)"},
        {"max-memory", 0, required, "SIZE", "end it, with 69, when its processes use more"},
        {"ttl", 0, required, "DUR", "end it, with 69, when it has run for DUR"},
        {"chdir", 'C', required, "DIR", "run in DIR", for_launch, "How it runs and ends"},
        {"group",
         0,
         required,
         "WHICH",
         "process group: auto, own or shared",
         for_launch,
         {},
         "auto own shared"},
        {"pid-file", 0, required, "FILE", "keep the command's pid in FILE while it runs"},
        {"with-parent", 0, none, "", "end when the process that started once ends"},
        {"stop-signal",
         0,
         required,
         "SIG",
         "how to ask the command to end (TERM)",
         for_launch,
         {},
         "TERM INT HUP QUIT KILL USR1 USR2 ALRM ABRT"},
        {"stop-timeout", 0, required, "DUR", "how long until it is killed then (5s)"},
        {"sweep-daemons", 0, none, "", "also end daemons that it left, such as tmux"},
        {"all", 0, none, "", "stop: all that is held", for_stop, "For one verb only"},
        {"stale", 0, none, "", "stop: only what crashed jobs left", for_stop},
        {"json", 0, none, "", "status, who: as JSON", for_status | for_who},
        {"watch", 0, optional, "DUR", "status: draw it again every DUR (2s)", for_status},
        {"follow", 'f', none, "", "logs: go on until the job ends", for_logs},
        {"lines",
         0,
         required,
         "N",
         "logs: begin N lines before the end (20), or all",
         for_logs,
         {},
         "all"},
        {"dry-run", 0, none, "", "say what would be done, and do nothing", for_launch | for_stop,
         "In general"},
        {"quiet", 'q', none, "", "say only why once itself gives up", for_launch | for_stop},
        {"verbose", 'v', none, "", "tell each step with its time; status: trees",
         for_launch | for_stop | for_status},
        {"color",
         0,
         required,
         "WHEN",
         "colours: auto, always or never",
         for_all,
         {},
         "auto always never"},
        {"help", 'h', none, "", "this text; man once has the rest", for_all},
        {"version", 'V', none, "", "the version", for_all},
    };
    return all;
}

std::string_view nearest_option(std::string_view name, For verb) {
    std::string_view nearest;
    auto best = std::max<std::size_t>(2, name.size() / 3) + 1;
    for (const auto& option : options()) {
        // The beginning of a name is as near as a name can be.
        const auto far = !name.empty() && option.name.starts_with(name)
                             ? std::size_t{0}
                             : distance(name, option.name);
        if ((option.verbs & verb) != 0 && far < best) {
            best = far;
            nearest = option.name;
        }
    }
    return nearest;
}

std::optional<For> verb_of(std::string_view word) {
    for (const auto verb : {for_status, for_stop, for_who, for_restart, for_logs}) {
        if (word == name_of(verb)) return verb;
    }
    return std::nullopt;
}

std::string_view name_of(For verb) {
    switch (verb) {
        case for_status:
            return "status";
        case for_stop:
            return "stop";
        case for_who:
            return "who";
        case for_restart:
            return "restart";
        case for_logs:
            return "logs";
        case for_launch:
        case for_all:
            break;
    }
    return {};
}

std::string help_text() {
    std::string text =
        "usage: once [OPTION]... [--] COMMAND [ARG]...  run COMMAND as the only one\n"
        "       once status [TARGET]... [--json]        who holds what\n"
        "       once stop [TARGET]... [--all] [--stale] end jobs, or what they left\n"
        "       once who PORT [--json]                  who listens, and what ends it\n"
        "       once restart TARGET                     stop and start its command\n"
        "       once logs TARGET [-f] [--lines N]       what a detached job wrote\n"
        "\n"
        "Exactly one such command runs, the port is its own, and nothing of it is left\n"
        "when it ends. With neither --port nor --name there is one for each folder and\n"
        "command line. TARGET is a port, a name, or . for the latter. DUR is 500ms, 5s,\n"
        "2m or 1h; a bare number is seconds. SIZE is 64K, 512M or 1G.\n"
        "\n";
    for (const auto& option : options()) {
        if (!option.heading.empty()) text += fmt::format("{}:\n", option.heading);
        text += fmt::format("  {:<27} {}\n", left_column(option), option.help);
    }
    text +=
        "\n"
        "Environment: ONCE=0 runs COMMAND as if once were not there; ONCE_POLICY=replace,\n"
        "refuse, reuse or wait is the default policy; ONCE_STATE_DIR moves the state.\n"
        "Exit status: COMMAND's own, or death by the same signal; 69 not ready in time,\n"
        "75 held, 125 once itself failed, 126 not executable, 127 not found.\n";
    return text;
}

}  // namespace once::cli
