#include "cli/walk.hpp"

#include <fmt/format.h>
#include <getopt.h>

#include <algorithm>

#include "base/failure.hpp"
#include "base/text.hpp"

namespace once::cli {
namespace {

// The table in the form that getopt_long(3) wants. An option's number there is its place +
// first_id.
constexpr int first_id = 1000;

const Option& find_option(int id, For verb) {
    if (id >= first_id) return options()[static_cast<std::size_t>(id - first_id)];
    return *std::find_if(options().begin(), options().end(), [&](const Option& option) {
        return option.letter == id && (option.verbs & verb) != 0;
    });
}

std::string words_for(For verb) {
    return verb == for_launch ? "a launch" : fmt::format("once {}", name_of(verb));
}

[[noreturn]] void refuse_for(const Option& option, For verb) {
    std::vector<std::string> verbs;
    for (const auto one : {for_launch, for_status, for_stop, for_who, for_restart, for_logs}) {
        if ((option.verbs & one) != 0) verbs.push_back(words_for(one));
    }
    fail("--{} is not for {}; it is for {}", option.name, words_for(verb),
         fmt::format("{}", fmt::join(verbs, " and ")));
}

[[noreturn]] void refuse_unknown(std::string_view word, For verb) {
    const auto start = word.substr(0, word.find('='));
    const bool names_slot =
        start == "-p" || start == "--port" || start == "-n" || start == "--name";
    if (start == "-n" && verb == for_logs) {
        fail("unknown option '-n'; how many lines: once logs --lines 5 PORT");
    }
    if (names_slot && verb != for_launch) {
        fail("'{}' is for launches; here the port or the name stands alone: once {} PORT",
             printable(start), name_of(verb));
    }
    if (!word.starts_with("--")) {
        fail("unknown option '{}'; see once --help", printable(word));
    }
    const auto name = word.substr(2, word.find('=') - 2);
    for (const auto& option : options()) {
        if (option.name == name) refuse_for(option, verb);
    }
    if (const auto meant = verb_of(name)) {
        fail("unknown option '--{}'; a verb stands first, and bare: once {}", name,
             name_of(*meant));
    }
    const auto nearest = nearest_option(name, verb);
    if (nearest.empty()) fail("unknown option '--{}'; see once --help", printable(name));
    fail("unknown option '--{}'; did you mean '--{}'?", printable(name), nearest);
}

}  // namespace

struct Walk::Table {
    explicit Table(For verb) {
        // `+`: stop at the first word that is no option; `-`: give each such word as the argument
        // of an option numbered 1. `:`: tell a missing argument apart.
        letters = verb == for_launch ? "+:" : "-:";
        for (std::size_t i = 0; i < options().size(); ++i) {
            const auto& option = options()[i];
            if ((option.verbs & verb) == 0) continue;
            const int argument = option.argument == Argument::none       ? no_argument
                                 : option.argument == Argument::optional ? optional_argument
                                                                         : required_argument;
            names.push_back(
                {option.name.data(), argument, nullptr, first_id + static_cast<int>(i)});
            if (option.letter == 0) continue;
            letters += option.letter;
            letters.append(static_cast<std::size_t>(argument), ':');
        }
        names.push_back({nullptr, 0, nullptr, 0});
    }

    std::string letters;
    std::vector<option> names;
};

Walk::Walk(int argc, char** argv, For verb)
    : argc_(argc), argv_(argv), verb_(verb), table_(std::make_unique<Table>(verb)) {
    ::optind = 0;  // glibc's word for: begin anew, also with another table
    ::opterr = 0;
}

Walk::~Walk() = default;

const Option* Walk::next() {
    const int before = ::optind == 0 ? 1 : ::optind;
    const int id =
        ::getopt_long(argc_, argv_, table_->letters.c_str(), table_->names.data(), nullptr);
    if (id == -1) return nullptr;
    if (id == 1) {
        words_.emplace_back(::optarg);
        return next();
    }
    const std::string_view word = argv_[std::min(before, argc_ - 1)];
    if (id == '?') {
        const auto letter = std::string{'-', static_cast<char>(::optopt)};
        if (::optopt >= first_id) {
            fail("--{} takes no value", find_option(::optopt, verb_).name);
        }
        refuse_unknown(word.starts_with("--") ? word : letter, verb_);
    }
    if (id == ':') {
        const auto& option = find_option(::optopt, verb_);
        fail("--{} needs a value: {}", option.name, option.value);
    }
    const auto& option = find_option(id, verb_);
    // getopt_long(3) takes any beginning of a name that is the only such one. A script that
    // lives on that breaks when the next option is added.
    if (id >= first_id && word.substr(2, word.find('=') - 2) != option.name) {
        refuse_unknown(word, verb_);
    }
    return &option;
}

std::optional<std::string_view> Walk::argument() const {
    if (::optarg == nullptr) return std::nullopt;
    return ::optarg;
}

std::vector<std::string> Walk::words() const {
    auto words = words_;
    words.insert(words.end(), argv_ + ::optind, argv_ + argc_);
    return words;
}

}  // namespace once::cli
