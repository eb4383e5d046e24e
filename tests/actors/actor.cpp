// actor NAME [ARG]...: one helper program for all tests, a table of behaviours by name.

#include <array>
#include <string>
#include <string_view>

#include "actors.hpp"

namespace once::test {

namespace {

struct Actor {
    std::string_view name;
    std::string_view words;
    int (*play)(const Arguments&);
};

constexpr std::array actors = {
    Actor{"listen", "PORT [ADDRESS]", listen_until_ended},
    Actor{"listen-both", "PORT", listen_on_both_families},
    Actor{"listen-and-run", "PORT COMMAND [ARG]...", listen_and_run},
    Actor{"listen-slow-stop", "PORT MILLISECONDS", listen_and_stop_slowly},
    Actor{"ignore-term", "[PORT]", ignore_term},
    Actor{"bind-only", "PORT [ADDRESS [alone]]", bind_only},
    Actor{"connect-from", "PORT TO_PORT [alone]", connect_from},
    Actor{"share-socket", "PORT [HOLD_MILLISECONDS]", share_socket},
    Actor{"listen-until", "SIGNAL PORT", listen_until_signal},
    Actor{"answer-http", "PORT [STATUS]...", answer_http},
    Actor{"fork-and-leave", "[PORT]", fork_and_leave},
    Actor{"escape-session", "[PORT]", escape_session},
    Actor{"escape-session-and-exit", "[PORT]", escape_session_and_exit},
    Actor{"escape-keeping-stdio", "[PORT]", escape_keeping_stdio},
    Actor{"escape-keeping-stdio-and-exit", "[PORT]", escape_keeping_stdio_and_exit},
    Actor{"fork-chain", "N", fork_chain},
    Actor{"fill-memory", "MEGABYTES", fill_memory},
    Actor{"tree", "N", grow_tree},
    Actor{"zombie-parent", "", keep_zombie},
    Actor{"print-signals", "[SECONDS] [--exit-on SIGNAL]... [--exit-code N] [--stops]",
          print_signals},
    Actor{"relay", "COMMAND [ARG]...", relay_signals},
    Actor{"exit", "N", exit_with},
    Actor{"die", "SIGNAL", die_of},
    Actor{"stopped", "", stop_itself},
    Actor{"crash-supervisor", "once|keeper|both", crash_supervisor},
    Actor{"print-environment", "NAME...", print_environment},
    Actor{"print-fds", "", print_descriptors},
    Actor{"print-dispositions", "", print_dispositions},
    Actor{"print-relations", "", print_relations},
    Actor{"stdin-to-stdout", "", copy_stdin},
    Actor{"read-line", "", read_line},
    Actor{"hold-terminal", "", hold_terminal},
    Actor{"lock", "FILE [PORT]", hold_lock},
    Actor{"lock-briefly", "FILE", hold_lock_briefly},
};

int play(int argc, char** argv) {
    const std::string_view name = argc > 1 ? argv[1] : "";
    for (const Actor& actor : actors) {
        if (actor.name == name) return actor.play(Arguments(argv + 2, argv + argc));
    }
    std::string known = "no actor '" + std::string(name) + "'; there are:";
    for (const Actor& actor : actors) {
        known += "\n  " + std::string(actor.name) + " " + std::string(actor.words);
    }
    misused(known);
}

}  // namespace

}  // namespace once::test

int main(int argc, char** argv) { return once::test::play(argc, argv); }
