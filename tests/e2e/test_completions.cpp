// The completions, in the shells that they are for: a person types, presses Tab, and the line that
// stands there then is read back.

#include <algorithm>

#include "catch.hpp"
#include "holding.hpp"
#include "surroundings.hpp"
#include "terminal.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

const fs::path completions = COMPLETIONS_FOLDER;

/// What is typed, and what stands there in the end.
struct Line {
    std::string typed;
    std::string expected;
};

/// A shell that reads nothing but our completion.
struct Shell {
    std::string name;
    Command command;
    std::string settings_file;
    std::string settings;
};

const Shell bash{"bash",
                 {"bash", "--noprofile", "--rcfile", "settings", "-i"},
                 "settings",
                 "PS1='e2e> '\nsource " + (completions / "once.bash").string() + "\n"};
const Shell bash_with_others{"bash", bash.command, "settings",
                             "source /usr/share/bash-completion/bash_completion\n" + bash.settings};
const Shell zsh{"zsh",
                {"zsh", "-d", "-i"},
                ".zshrc",
                "PROMPT='e2e> '\nfpath=(" + completions.string() +
                    " $fpath)\nunsetopt auto_remove_slash\nautoload -Uz compinit && compinit -u "
                    "-D\nbindkey -e\n"};
const Shell fish{"fish",
                 {"fish", "--private", "--init-command", "source settings"},
                 "settings",
                 "function fish_prompt; echo 'e2e> '; end\nset fish_greeting\nsource " +
                     (completions / "once.fish").string() + "\n"};

bool is_there(Scenario& scene, const std::string& command) {
    const bool is = scene.run({"sh", "-c", command}).ending == exited(0);
    if (!is) WARN("skipped: no success of '" << command << "'");
    return is;
}

/// Whether an option and its value are parted by a `=` or a blank is a custom of each shell.
std::string with_blanks(std::string line) {
    std::replace(line.begin(), line.end(), '=', ' ');
    return line;
}

/// The line is written to a file instead of being carried out: ctrl-a, ctrl-e.
void check_lines(Scenario& scene, const Shell& shell, const std::vector<Line>& lines) {
    scene.write_file(shell.settings_file, shell.settings);
    scene.set("ZDOTDIR", scene.folder().string());
    scene.set("TERM", "dumb");
    scene.unset("EDITOR");
    scene.unset("VISUAL");
    Terminal terminal(scene);
    const auto running = terminal.start(shell.command);
    terminal.wait_for(Terminal::prompt);
    int number = 0;
    for (const auto& line : lines) {
        const auto file = "line-" + std::to_string(++number);
        CAPTURE(shell.name, line.typed);
        terminal.type(line.typed + "\x01" + "echo \x05 >" + file + "\r");
        std::string said;
        eventually([&] { return (said = whole_file(scene.folder() / file)).ends_with('\n'); },
                   "the completed line");
        CHECK(with_blanks(said) == with_blanks(line.expected + "\n"));
    }
    terminal.type("exit\r");
    (void)running.wait_ending();
}

/// What completes alike in each shell.
std::vector<Line> common_lines(int port) {
    const auto target = std::to_string(port);
    return {
        {"once rest\t", "once restart"},
        {"once --conf\t", "once --conflict-exit-code"},
        {"once --stop-s\tKI\t", "once --stop-signal KILL"},
        {"once --group=o\t", "once --group=own"},
        {"once -q --color nev\t", "once -q --color never"},
        {"once -C fol\t", "once -C folder/"},
        {"once --log logb\t", "once --log logbook"},
        {"once --log=logb\t", "once --log=logbook"},
        {"once --wait-for fi\tlogb\t", "once --wait-for file:logbook"},
        {"once --max-m\t1\t", "once --max-memory 1G"},
        // Live jobs.
        {"once -p \t", "once -p " + target},
        {"once restart \t", "once restart " + target},
        {"once stop --fo\t\t", "once stop --force " + target},
        {"once logs --li\tal\t\t", "once logs --lines all " + target},
        // An option of a launch is none of a verb.
        {"once who --js\t--max-m\t", "once who --json --max-m"},
        // The command.
        {"once acto\t", "once actor"},
        {"once -p 8001 -- acto\t", "once -p 8001 -- actor"},
        {"once -p 8001 --wait acto\t--gr\t", "once -p 8001 --wait actor --gr"},
        {"once -dp 8001 cat logb\t", "once -dp 8001 cat logbook"},
    };
}

void check_shell(const Shell& shell, const std::vector<Line>& others = {}) {
    Scenario scene;
    if (!is_there(scene, "command -v " + shell.name)) return;
    scene.write_file("logbook", "");
    fs::create_directory(scene.folder() / "folder");
    const auto holder = hold_port(scene);
    wait_until_inscribed(scene, holder);
    auto lines = common_lines(scene.port());
    lines.insert(lines.end(), others.begin(), others.end());
    check_lines(scene, shell, lines);
}

}  // namespace

TEST_CASE("bash completes options, their values, live jobs and the command", "[completions]") {
    check_shell(bash);
}

TEST_CASE("bash completes the command as bash-completion completes it", "[completions]") {
    Scenario scene;
    if (!is_there(scene, "test -e /usr/share/bash-completion/bash_completion")) return;
    check_shell(bash_with_others, {{"once -p 1 -- once rest\t", "once -p 1 -- once restart"}});
}

TEST_CASE("zsh completes options, their values, live jobs and the command", "[completions]") {
    check_shell(zsh, {{"once -p 1 -- once rest\t", "once -p 1 -- once restart"}});
}

TEST_CASE("fish completes options, their values, live jobs and the command", "[completions]") {
    check_shell(fish, {{"once -p 1 -- once rest\t", "once -p 1 -- once restart"}});
}
