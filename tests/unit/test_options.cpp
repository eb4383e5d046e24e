#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "base/failure.hpp"
#include "catch.hpp"
#include "cli/options.hpp"
#include "cli/parse.hpp"

using once::cli::For;
using once::cli::help_text;
using once::cli::nearest_option;
using once::cli::options;

namespace {

/// What begins an entry of the man page: `.It Fl p , Fl -port`.
std::string entry_of(const once::cli::Option& option) {
    const auto letter = option.letter != 0 ? "Fl " + std::string(1, option.letter) + " , " : "";
    return "\n.It " + letter + "Fl -" + std::string(option.name);
}

std::string whole_file(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// All words of small letters that follow this text.
std::set<std::string> words_after(const std::string& text, const std::string& mark) {
    std::set<std::string> words;
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
        const auto begin = at + mark.size();
        const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", begin);
        auto word = text.substr(begin, end - begin);
        if (!word.empty() && word.front() != '-') words.insert(std::move(word));
    }
    return words;
}

/// A command line of the first verb that knows the option.
void parse_with(const once::cli::Option& option, const std::string& value) {
    std::vector<std::string> words{"once"};
    if ((option.verbs & once::cli::for_launch) == 0) {
        words.emplace_back(once::cli::name_of(For(option.verbs & -option.verbs)));
    }
    words.insert(words.end(), {"--" + std::string(option.name), value, "8001"});
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    (void)once::cli::parse(static_cast<int>(words.size()), argv.data());
}

}  // namespace

TEST_CASE("no two options have the same name, and no two of a verb the same letter") {
    std::set<std::string_view> names;
    std::set<std::pair<unsigned, char>> letters;
    for (const auto& option : options()) {
        CAPTURE(option.name);
        CHECK(names.insert(option.name).second);
        for (unsigned verb = 1; verb <= once::cli::for_all; verb *= 2) {
            if (option.letter == 0 || (option.verbs & verb) == 0) continue;
            CHECK(letters.insert({verb, option.letter}).second);
        }
    }
}

TEST_CASE("an option is named in small letters, and says what its value is called") {
    for (const auto& option : options()) {
        CAPTURE(option.name);
        CHECK_FALSE(option.name.empty());
        CHECK(std::all_of(option.name.begin(), option.name.end(),
                          [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; }));
        // getopt_long(3) reads the name as a C string.
        CHECK(option.name.data()[option.name.size()] == '\0');
        CHECK_FALSE(option.help.empty());
        CHECK(option.value.empty() == (option.argument == once::cli::Argument::none));
    }
}

TEST_CASE("the options that everybody knows have their usual letters") {
    const auto letter_of = [](std::string_view name) {
        const auto found = std::find_if(options().begin(), options().end(),
                                        [&](const auto& option) { return option.name == name; });
        return found != options().end() ? found->letter : '?';
    };
    CHECK(letter_of("port") == 'p');
    CHECK(letter_of("name") == 'n');
    CHECK(letter_of("wait") == 'w');
    CHECK(letter_of("chdir") == 'C');
    CHECK(letter_of("conflict-exit-code") == 'E');
    CHECK(letter_of("quiet") == 'q');
    CHECK(letter_of("verbose") == 'v');
    CHECK(letter_of("help") == 'h');
    CHECK(letter_of("version") == 'V');
}

TEST_CASE("no line of the help is wider than a terminal") {
    std::istringstream text(help_text());
    for (std::string line; std::getline(text, line);) {
        CAPTURE(line);
        CHECK(line.size() <= 80);
        CHECK((line.empty() || line.back() != ' '));
    }
}

TEST_CASE("the help names every option, and says it in one screen") {
    const auto text = help_text();
    for (const auto& option : options()) {
        CAPTURE(option.name);
        CHECK(text.find("--" + std::string(option.name)) != std::string::npos);
        CHECK(text.find(option.help) != std::string::npos);
    }
    CHECK(std::count(text.begin(), text.end(), '\n') <= 70);
    CHECK(text.back() == '\n');
}

TEST_CASE("the man page has an entry for every option, and none for others") {
    const auto page = whole_file(MAN_PAGE);
    std::size_t entries = 0;
    for (auto at = page.find("\n.It Fl "); at != std::string::npos;
         at = page.find("\n.It Fl ", at + 1)) {
        ++entries;
    }
    CHECK(entries == options().size());
    for (const auto& option : options()) {
        CAPTURE(option.name);
        const auto entry = entry_of(option);
        const auto at = page.find(entry);
        REQUIRE(at != std::string::npos);
        // The whole name, then how its value is called.
        const auto rest =
            page.substr(at + entry.size(), page.find('\n', at + 1) - at - entry.size());
        const bool has_value = option.argument != once::cli::Argument::none;
        CHECK(rest.substr(0, 4) == (option.argument == once::cli::Argument::optional ? " Ns "
                                    : has_value                                      ? " Ar "
                                                                                     : ""));
    }
}

TEST_CASE("the completions of each shell know every option and its letter, and no others") {
    std::set<std::string> names;
    for (const auto& option : options()) names.insert(std::string(option.name));
    for (const auto* file : {"/once.bash", "/_once", "/once.fish"}) {
        auto text = whole_file(COMPLETIONS_FOLDER + std::string(file));
        const bool is_fish = file == std::string("/once.fish");
        if (is_fish) text.erase(0, text.find("complete -c once"));  // its functions
        CHECK(words_after(text, is_fish ? " -l " : "--") == names);
        for (const auto& option : options()) {
            CAPTURE(file, option.name);
            if (option.letter == 0) continue;
            CHECK(text.find((is_fish ? " -s " : "-") + std::string(1, option.letter)) !=
                  std::string::npos);
        }
    }
}

TEST_CASE("the words that an option lists as its value are taken, and others are not") {
    for (const auto& option : options()) {
        if (option.choices.empty()) continue;
        CAPTURE(option.name);
        std::istringstream choices{std::string(option.choices)};
        for (std::string choice; choices >> choice;) CHECK_NOTHROW(parse_with(option, choice));
        CHECK_THROWS_AS(parse_with(option, "nonsense"), once::Failure);
    }
}

TEST_CASE("the columns of the help stand below each other") {
    std::istringstream text(help_text());
    std::set<std::size_t> columns;
    for (std::string line; std::getline(text, line);) {
        for (const auto& option : options()) {
            const auto name = line.find("--" + std::string(option.name));
            const auto words = line.find("  " + std::string(option.help));
            if (name == 6 && words != std::string::npos) columns.insert(words);
        }
    }
    CHECK(columns.size() == 1);
}

TEST_CASE("a typing error is told the option that comes nearest") {
    CHECK(nearest_option("prot", once::cli::for_launch) == "port");
    CHECK(nearest_option("ports", once::cli::for_launch) == "port");
    CHECK(nearest_option("repalce", once::cli::for_launch) == "replace");
    CHECK(nearest_option("stop-time", once::cli::for_launch) == "stop-timeout");
    CHECK(nearest_option("pidfile", once::cli::for_launch) == "pid-file");
    CHECK(nearest_option("colour", once::cli::for_launch) == "color");
    CHECK(nearest_option("jsno", once::cli::for_status) == "json");
    CHECK(nearest_option("conflict", once::cli::for_launch) == "conflict-exit-code");
}

TEST_CASE("a word that is near to nothing gets no suggestion") {
    CHECK(nearest_option("xyzzy-plugh", once::cli::for_launch).empty());
    CHECK(nearest_option("", once::cli::for_launch).empty());
    CHECK(nearest_option(std::string(10'000, 'x'), once::cli::for_launch).empty());
}

TEST_CASE("an option of one verb is not suggested for another") {
    CHECK(nearest_option("json", once::cli::for_launch) != "json");
    CHECK(nearest_option("port", once::cli::for_status) != "port");
    CHECK(nearest_option("line", once::cli::for_logs) == "lines");
}
