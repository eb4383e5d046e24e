// once_completions SHELL TEMPLATE OUTPUT: fills the options into the completion of a shell, from
// the table that the program itself reads. It runs at build time, so that the program, whose size
// is a part of what a launch costs, knows nothing of shells.

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "cli/options.hpp"

using once::cli::Argument;
using once::cli::For;
using once::cli::Option;

namespace {

constexpr For verbs[] = {once::cli::for_status, once::cli::for_stop, once::cli::for_who,
                         once::cli::for_restart, once::cli::for_logs};

using Blanks = std::map<std::string, std::string>;  // what stands for @name@

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
    return text;
}

std::string verb_words(std::string_view between) {
    std::string words;
    for (const auto verb : verbs) {
        words += fmt::format("{}{}", words.empty() ? "" : between, name_of(verb));
    }
    return words;
}

/// All options of a verb, each as `text_of` says.
template <typename TextOf>
std::string for_each_option(unsigned verb, TextOf text_of) {
    std::string text;
    for (const auto& option : once::cli::options()) {
        if ((option.verbs & verb) != 0) text += text_of(option);
    }
    return text;
}

// bash

std::string bash_words(For verb) {
    return for_each_option(verb, [](const Option& option) {
        const auto letter = option.letter != 0 ? fmt::format(" -{}", option.letter) : std::string();
        return fmt::format("{} --{}", letter, option.name);
    });
}

Blanks bash() {
    auto options = fmt::format("        '') echo '{}' ;;", bash_words(once::cli::for_launch));
    for (const auto verb : verbs) {
        options += fmt::format("\n        {}) echo '{}' ;;", name_of(verb), bash_words(verb));
    }
    // No letter has a value for one verb and means something else to another.
    auto values = for_each_option(once::cli::for_all, [](const Option& option) {
        if (option.argument == Argument::none) return std::string();
        const auto letter =
            option.letter != 0 ? fmt::format("-{} | ", option.letter) : std::string();
        return fmt::format("        {}--{}) kind={} choices='{}' optional={} ;;\n", letter,
                           option.name, option.value, option.choices,
                           option.argument == Argument::optional ? "yes" : "''");
    });
    values.pop_back();
    return {{"options", options},
            {"values", values},
            {"verbs", verb_words(" | ")},
            {"verb_words", verb_words(" ")}};
}

// zsh

std::string zsh_value(const Option& option) {
    static const std::map<std::string_view, std::string_view> actions{
        {"PORT", "_once_targets"},      {"NAME", "_once_targets"},  {"FILE", "_files"},
        {"DIR", "_files -/"},           {"DUR", "_once_durations"}, {"SIZE", "_once_sizes"},
        {"WHAT", "_once_dependencies"}, {"URL", "_once_urls"}};
    if (!option.choices.empty()) return fmt::format("{}:({})", option.value, option.choices);
    const auto action = actions.find(option.value);
    return fmt::format("{}:{}", option.value, action == actions.end() ? " " : action->second);
}

std::string zsh_option(const Option& option) {
    // What has a value may be given again; a value that may be left out is in the same word.
    std::string_view after_letter;
    std::string_view after_name;
    std::string value;
    switch (option.argument) {
        case Argument::none:
            break;
        case Argument::required:
            after_letter = "+";
            after_name = "=";
            value = ":" + zsh_value(option);
            break;
        case Argument::optional:
            after_letter = "-";
            after_name = "=-";
            value = "::" + zsh_value(option);
            break;
    }
    const auto help = replaced(replaced(replaced(std::string(option.help), "[", "\\["), "]", "\\]"),
                               "'", "'\\''");
    const auto name = fmt::format("--{}{}", option.name, after_name);
    const auto words = option.letter == 0
                           ? name
                           : fmt::format("'{{-{}{},{}}}'", option.letter, after_letter, name);
    const auto alone = option.argument == Argument::required ? std::string("*")
                       : option.letter == 0                  ? std::string()
                                            : fmt::format("(-{} --{})", option.letter, option.name);
    return fmt::format(" \\\n                '{}{}[{}]{}'", alone, words, help, value);
}

Blanks zsh() {
    std::string options;
    for (const auto verb : verbs) {
        options += fmt::format(
            "{}            {}) _arguments -s -S{} \\\n                '*:live job:_once_targets' "
            "&& "
            "ret=0 ;;",
            options.empty() ? "" : "\n", name_of(verb), for_each_option(verb, zsh_option));
    }
    return {{"options", options},
            {"launch", for_each_option(once::cli::for_launch, zsh_option)},
            {"verbs", verb_words("|")},
            {"verb_words", verb_words(" ")}};
}

// fish

std::string fish_value(const Option& option) {
    static const std::map<std::string_view, std::string_view> actions{
        {"PORT", "-x -a '(__once_targets)'"},
        {"NAME", "-x -a '(__once_targets)'"},
        {"FILE", "-r -F"},
        {"DIR", "-x -a '(__fish_complete_directories)'"},
        {"DUR", "-x -a '500ms 5s 30s 2m 1h'"},
        {"SIZE", "-x -a '64K 512M 1G'"},
        {"WHAT", "-x -a '(__once_dependencies)'"},
        {"URL", "-x -a 'http://'"}};
    if (option.argument != Argument::required) return {};
    if (!option.choices.empty()) return fmt::format(" -x -a '{}'", option.choices);
    const auto action = actions.find(option.value);
    return fmt::format(" {}", action == actions.end() ? "-x" : action->second);
}

Blanks fish() {
    auto options = for_each_option(once::cli::for_all, [](const Option& option) {
        std::string places;
        if ((option.verbs & once::cli::for_launch) != 0) places += " first launch";
        for (const auto verb : verbs) {
            if ((option.verbs & verb) != 0) places += fmt::format(" {}", name_of(verb));
        }
        const auto letter =
            option.letter != 0 ? fmt::format(" -s {}", option.letter) : std::string();
        return fmt::format("complete -c once -n '__once_is{}'{} -l {}{} -d '{}'\n", places, letter,
                           option.name, fish_value(option),
                           replaced(std::string(option.help), "'", "\\'"));
    });
    options.pop_back();
    auto parted = for_each_option(once::cli::for_launch, [](const Option& option) {
        if (option.argument != Argument::required) return std::string();
        const auto letter = option.letter != 0 ? fmt::format(" -{}", option.letter) : std::string();
        return fmt::format("{} --{}", letter, option.name);
    });
    return {{"options", options}, {"parted", parted.substr(1)}, {"verb_words", verb_words(" ")}};
}

Blanks blanks_of(std::string_view shell) {
    if (shell == "bash") return bash();
    if (shell == "zsh") return zsh();
    if (shell == "fish") return fish();
    throw std::runtime_error(fmt::format("no shell: {}", shell));
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 4) throw std::runtime_error("usage: once_completions SHELL TEMPLATE OUTPUT");
        std::ifstream in(argv[2]);
        std::string text{std::istreambuf_iterator<char>(in), {}};
        for (const auto& [name, content] : blanks_of(argv[1])) {
            text = replaced(text, fmt::format("@{}@", name), content);
        }
        std::ofstream out(argv[3]);
        out << text;
        if (text.empty() || !out.flush()) throw std::runtime_error("cannot write the completion");
        return 0;
    } catch (const std::exception& failure) {
        std::cerr << failure.what() << '\n';
        return 1;
    }
}
