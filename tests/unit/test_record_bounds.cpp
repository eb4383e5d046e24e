#include <string>

#include "catch.hpp"
#include "claim/record.hpp"
#include "sample_record.hpp"

using namespace once;
using claim::parse;
using claim::to_text;
using test::sample_record;

TEST_CASE("a text far longer than any record is none, whatever it has in it") {
    auto text = to_text(sample_record());
    text.resize(text.size() - 2);  // the last bracket, and the end of the line
    const auto with = [&](std::size_t keys) {
        auto longer = text;
        for (std::size_t i = 0; i < keys; ++i) longer += ",\"key" + std::to_string(i) + "\":0";
        return parse(longer + "}\n").has_value();
    };
    CHECK(with(100));
    CHECK_FALSE(with(20'000));
}

TEST_CASE("a command that was cut is not cut again, however often it is written") {
    for (const auto& command :
         {std::vector<std::string>(3, std::string(3000, 'x')),
          std::vector<std::string>{std::string(4095, 'x'), "y"},
          std::vector<std::string>{std::string(4096, 'x'), "y"}, std::vector<std::string>(400, "z"),
          std::vector<std::string>(1, std::string(5000, '\xff'))}) {
        auto record = sample_record();
        record.command = command;
        const auto text = to_text(record);
        CHECK(text.size() < 16'384);
        const auto again = parse(text);
        REQUIRE(again);
        CHECK(again->command.back() == "…");
        CHECK(to_text(*again) == text);
    }
}

TEST_CASE("a record with a name that nobody can claim is none") {
    auto record = sample_record();
    record.name = "\x1b[31mred";
    CHECK_FALSE(parse(to_text(record)));
    record.name = "../x";
    CHECK_FALSE(parse(to_text(record)));
    record.name = "";
    CHECK(parse(to_text(record)));
}

TEST_CASE("a record that inherited a job without an id is none: its mark is anybody's") {
    auto record = sample_record();
    record.inherited = {"feedfeedfeedfeed", ""};
    CHECK_FALSE(parse(to_text(record)));
}
