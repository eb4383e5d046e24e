#include "claim/commands.hpp"

#include <algorithm>
#include <array>

namespace once::claim {
namespace {

using Names = std::vector<std::string>;

template <std::size_t size>
bool holds(const std::array<std::string_view, size>& known, const std::string& name) {
    return std::find(known.begin(), known.end(), name) != known.end();
}

constexpr std::array<std::string_view, 9> shells{"sh",  "bash", "dash", "zsh",    "ash",
                                                 "ksh", "mksh", "fish", "busybox"};
constexpr std::array<std::string_view, 9> managers{"npm",     "npx", "pnpm", "pnpx",    "yarn",
                                                   "yarnpkg", "bun", "bunx", "corepack"};
// modd and reflex watch files too, but may have started several jobs.
constexpr std::array<std::string_view, 48> wrappers{
    "env",        "dotenv",    "dotenvx", "cross-env", "cross-env-shell",
    "env-cmd",    "uv",        "uvx",     "poetry",    "pipenv",
    "pdm",        "hatch",     "rye",     "pixi",      "conda",
    "micromamba", "mise",      "asdf",    "direnv",    "volta",
    "doppler",    "infisical", "chamber", "aws-vault", "op",
    "make",       "gmake",     "just",    "task",      "go",
    "cargo",      "bundle",    "mvn",     "gradle",    "dotnet",
    "php",        "timeout",   "stdbuf",  "setsid",    "time",
    "flock",      "run-one",   "tini",    "dumb-init", "catatonit",
    "tsx",        "modd",      "reflex"};
constexpr std::array<std::string_view, 39> watchers{"nodemon",
                                                    "ts-node-dev",
                                                    "tsnd",
                                                    "uvicorn",
                                                    "gunicorn",
                                                    "hypercorn",
                                                    "daphne",
                                                    "granian",
                                                    "watchfiles",
                                                    "watchmedo",
                                                    "watchexec",
                                                    "cargo-watch",
                                                    "air",
                                                    "entr",
                                                    "puma",
                                                    "next",
                                                    "nuxt",
                                                    "nuxi",
                                                    "vite",
                                                    "astro",
                                                    "remix",
                                                    "webpack",
                                                    "parcel",
                                                    "wrangler",
                                                    "rsbuild",
                                                    "rspack",
                                                    "webpack-dev-server",
                                                    "gatsby",
                                                    "ng",
                                                    "chokidar",
                                                    "flask",
                                                    "react-scripts",
                                                    "nest",
                                                    "node-dev",
                                                    "tsc-watch",
                                                    "tsup",
                                                    "vite-node",
                                                    "rollup",
                                                    "encore"};
constexpr std::array<std::string_view, 13> supervisors{
    "systemd",  "supervisord", "runsv", "s6-supervise", "supervise", "circusd",        "monit",
    "overmind", "god",         "nomad", "conmon",       "kubelet",   "containerd-shim"};
// pm2 without a daemon; with one, the daemon has a title of its own.
constexpr std::array<std::string_view, 3> pm2_runners{"pm2-runtime", "pm2-docker", "pm2-dev"};
constexpr std::array<std::string_view, 9> interpreters{"node", "nodejs", "python", "ruby", "perl",
                                                       "deno", "php",    "java",   "bun"};
// Who writes a title with blanks over its arguments, beside npm and what pm2 runs.
constexpr std::array<std::string_view, 3> titled{"gunicorn", "puma", "ng"};
// Options of node and python with a value of their own, behind which the script is.
constexpr std::array<std::string_view, 14> options_with_value{"-r",
                                                              "--require",
                                                              "--import",
                                                              "--loader",
                                                              "--experimental-loader",
                                                              "-C",
                                                              "--conditions",
                                                              "-W",
                                                              "-X",
                                                              "--env-file",
                                                              "--env-file-if-exists",
                                                              "--watch-path",
                                                              "--title",
                                                              "--disable-warning"};
constexpr std::array<std::string_view, 6> script_endings{".js", ".mjs", ".cjs",
                                                         ".py", ".ts",  ".sh"};

bool is_made_of(std::string_view text, std::string_view letters) {
    return text.find_first_not_of(letters) == std::string_view::npos;
}

bool has_digit_at(std::string_view text, std::size_t at) {
    return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

// The last part of a path, without what tells the language or the version: python3.11, cli.mjs.
std::string plain_name(std::string_view path) {
    path.remove_prefix(std::min(path.rfind('/') + 1, path.size()));
    for (const auto ending : script_endings) {
        if (path.ends_with(ending)) path.remove_suffix(ending.size());
    }
    if (path.ends_with(':')) path.remove_suffix(1);  // a title: `gunicorn: master [app]`
    constexpr std::string_view python = "python";
    const bool is_python =
        path.starts_with(python) && is_made_of(path.substr(python.size()), "0123456789.");
    if (is_python) return std::string(python);
    // .yarn/releases/yarn-4.1.0.cjs
    if (path.starts_with("yarn-") && has_digit_at(path, 5)) return "yarn";
    return std::string(path);
}

// A script is known by its own name and by that of its package.
void add_script(Names& names, std::string_view path) {
    names.push_back(plain_name(path));
    constexpr std::string_view modules = "node_modules/";
    const auto start = path.rfind(modules);
    if (start == std::string_view::npos || (start > 0 && path[start - 1] != '/')) return;
    auto package = path.substr(start + modules.size());
    // As the shell scripts of pnpm have it: node_modules/.bin/../tsx/dist/cli.mjs
    constexpr std::string_view detour = ".bin/../";
    if (package.starts_with(detour)) package.remove_prefix(detour.size());
    if (package.starts_with('@')) {
        package.remove_prefix(std::min(package.find('/') + 1, package.size()));
    }
    names.emplace_back(package.substr(0, package.find('/')));
}

// npm writes `npm run dev` over its arguments, as one; a path may have blanks in it as well.
bool is_title(const std::vector<std::string>& arguments) {
    return !arguments.empty() && !arguments.front().starts_with('/') &&
           arguments.front().find(' ') != std::string::npos;
}

Names words_of(const std::vector<std::string>& arguments) {
    Names words;
    if (arguments.empty()) return words;
    std::string_view rest;
    if (is_title(arguments)) {
        rest = arguments.front();
    } else {
        words.push_back(arguments.front());
    }
    while (!rest.empty()) {
        const auto end = std::min(rest.find(' '), rest.size());
        if (end > 0) words.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    words.insert(words.end(), arguments.begin() + 1, arguments.end());
    if (words.size() > 1 && plain_name(words.front()) == "busybox") words.erase(words.begin());
    return words;
}

// Where the script or the `-m` of an interpreter is; behind it are the script's own words.
std::size_t script_in(const Names& words) {
    std::size_t i = 1;
    while (i < words.size() && words[i].starts_with('-') && words[i] != "-m") {
        i += holds(options_with_value, words[i]) ? 2 : 1;
    }
    return std::min(i, words.size());
}

// The program, and what an interpreter runs.
Names names_of(const Names& words) {
    Names names{plain_name(words.front())};
    if (!holds(interpreters, names.front())) return names;
    const auto script = script_in(words);
    if (script == words.size()) return names;
    if (words[script] != "-m") {
        add_script(names, words[script]);
    } else if (script + 1 < words.size()) {
        names.push_back(words[script + 1]);
    }
    return names;
}

// Somebody's own `vite.js` or `air.py`, and not the tool of that name: that is installed without an
// ending, or below node_modules.
bool runs_own_script(const Names& words, const std::string& program) {
    if (!holds(interpreters, program)) return false;
    const auto script = script_in(words);
    if (script == words.size() || words[script].find("node_modules/") != std::string::npos) {
        return false;
    }
    return std::any_of(script_endings.begin(), script_endings.end(),
                       [&](auto ending) { return words[script].ends_with(ending); });
}

// A title is any text: only who is known to write one is meant by its first word.
bool means_its_title(const std::string& program) {
    return holds(managers, program) || holds(interpreters, program) || holds(titled, program);
}

bool has_word(const Names& words, std::string_view wanted) {
    return std::find(words.begin(), words.end(), wanted) != words.end();
}

// Does this option of a shell have a word behind it that is no script? An editor's terminal is
// `bash --init-file …`.
bool has_value(const std::string& option, const std::string& shell) {
    if (option == "--init-file" || option == "--rcfile") return true;
    if (option == "--init-command" || option == "-C") return shell == "fish";
    return !option.starts_with("--") && (option.ends_with('o') || option.ends_with('O'));
}

// One that has a command or a script to run does not read from a person.
bool is_busy_shell(const Names& words, const std::string& shell) {
    bool reads_input = false;  // `-s`: what follows are arguments for what is typed, and no script
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto& word = words[i];
        const bool is_option = word.starts_with('-') || word.starts_with('+');
        if (!is_option) return !reads_input;
        const bool has_letters = word.starts_with('-') && !word.starts_with("--");
        if (has_letters && word.ends_with('c')) return true;
        if (has_letters && word.find('s') != std::string::npos) reads_input = true;
        if (has_value(word, shell)) ++i;
    }
    return false;
}

// Whether the words before the script, after a command of the interpreter's own, ask for it. To the
// script, as to `concurrently … --watch`, the same words mean something else.
bool watches_itself(const Names& words, const std::string& program) {
    const auto is_known_command = [](const std::string& word) {
        return word == "run" || word == "serve" || word == "task" || word == "test";
    };
    const bool is_node = program == "node" || program == "nodejs";
    if (program == "dotnet" || program == "cargo") return words.size() > 1 && words[1] == "watch";
    if (!is_node && program != "bun" && program != "deno") return false;
    const bool has_command = !is_node && words.size() > 1 && is_known_command(words[1]);
    for (std::size_t i = has_command ? 2 : 1; i < words.size() && words[i].starts_with('-'); ++i) {
        if (words[i] == "--hot" || words[i].starts_with("--watch")) return true;
        if (holds(options_with_value, words[i])) ++i;
    }
    return false;
}

}  // namespace

Role role_of(const std::vector<std::string>& arguments, std::string_view name) {
    const auto words = words_of(arguments);
    if (words.empty()) return Role::other;
    const auto names = names_of(words);
    const auto is_one_of = [&](const auto& known) {
        return std::any_of(names.begin(), names.end(),
                           [&](const std::string& one) { return holds(known, one); });
    };
    // Its name is all that is left of containerd-shim-runc-v2.
    const bool is_named = holds(supervisors, std::string(name));
    if (is_one_of(supervisors) || is_named || is_pm2(arguments, name)) return Role::supervisor;
    const auto& program = names.front();
    if (is_title(arguments) && !means_its_title(program)) return Role::other;
    const bool is_login_shell =
        program.starts_with('-') && holds(shells, std::string(program.substr(1)));
    if (is_login_shell) return Role::terminal;
    if (holds(shells, program))
        return is_busy_shell(words, program) ? Role::wrapper : Role::terminal;
    if (watches_itself(words, program)) return Role::watcher;
    const bool is_tsx = has_word(names, "tsx") && has_word(words, "watch");
    const bool is_watcher = is_one_of(watchers) && !runs_own_script(words, program);
    if (is_tsx || is_watcher) return Role::watcher;
    if (is_one_of(managers)) return Role::manager;
    return is_one_of(wrappers) ? Role::wrapper : Role::other;
}

bool is_pm2(const std::vector<std::string>& arguments, std::string_view name) {
    const auto words = words_of(arguments);
    if (words.empty()) return false;
    if (words.front() == "PM2" || name.starts_with("PM2 ")) return true;
    const auto names = names_of(words);
    return std::any_of(names.begin(), names.end(),
                       [](const std::string& one) { return holds(pm2_runners, one); });
}

bool runs_same(const std::vector<std::string>& some, const std::vector<std::string>& others) {
    if (some == others) return !some.empty();
    const auto words = words_of(some);
    const auto other_words = words_of(others);
    if (words.empty() || other_words.empty()) return false;
    const auto program = plain_name(words.front());
    if (!holds(interpreters, program) || program != plain_name(other_words.front())) return false;
    const auto script = script_in(words);
    const auto other_script = script_in(other_words);
    return script < words.size() &&
           std::equal(words.begin() + static_cast<std::ptrdiff_t>(script), words.end(),
                      other_words.begin() + static_cast<std::ptrdiff_t>(other_script),
                      other_words.end());
}

bool is_shell(const std::vector<std::string>& arguments) {
    const auto words = words_of(arguments);
    return !words.empty() && holds(shells, plain_name(words.front()));
}

bool is_helper(const std::vector<std::string>& arguments) {
    // `esbuild --service=0.25.0 --ping`. Without that it is a job like any other: a bundler.
    return !arguments.empty() && plain_name(arguments.front()) == "esbuild" &&
           std::any_of(arguments.begin(), arguments.end(),
                       [](const std::string& word) { return word.starts_with("--service="); });
}

}  // namespace once::claim
