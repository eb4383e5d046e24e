#include <set>
#include <string>

#include "catch.hpp"
#include "verbs/table.hpp"

using namespace once::verbs;
using once::os::ProcessFacts;
using namespace std::chrono_literals;

namespace {

ProcessFacts process(int pid, int parent) {
    ProcessFacts facts;
    facts.id = {pid, static_cast<std::uint64_t>(pid)};
    facts.parent = parent;
    return facts;
}

// Pids and lines, one below the other.
std::string drawing(const std::vector<ProcessFacts>& processes) {
    std::string text;
    for (const auto& branch : branches_of(processes)) {
        text += branch.lines + std::to_string(branch.process.id.pid) + '\n';
    }
    return text;
}

constexpr std::size_t none = 100;

}  // namespace

TEST_CASE("each column but the last is as wide as its widest cell") {
    CHECK(table_text({{"PID", "NAME"}, {"1", "init"}, {"12345", "x"}}, none) ==
          "PID    NAME\n"
          "1      init\n"
          "12345  x\n");
    CHECK(table_text({{"ONE"}}, none) == "ONE\n");
}

TEST_CASE("a character of several bytes takes one column") {
    CHECK(table_text({{"A", "B"}, {"é├─", "x"}, {"abc", "y"}}, none) ==
          "A    B\n"
          "é├─  x\n"
          "abc  y\n");
}

TEST_CASE("the flexible column is as it is where there is room") {
    CHECK(table_text({{"A", "B"}, {"abcdefghijklmnopqrst", "x"}}, 0) ==
          "A                     B\n"
          "abcdefghijklmnopqrst  x\n");
}

TEST_CASE("sizes are in the largest unit that they fill") {
    CHECK(size_text(0) == "0 kB");
    CHECK(size_text(1000) == "1 kB");
    CHECK(size_text(640'000) == "640 kB");
    CHECK(size_text(1'000'000) == "1 MB");
    CHECK(size_text(85'400'000) == "85 MB");
    CHECK(size_text(1'000'000'000) == "1.0 GB");
    CHECK(size_text(1'234'000'000) == "1.2 GB");
    CHECK(size_text(64'000'000'000) == "64.0 GB");
}

TEST_CASE("short times have a tenth of a second, long ones their unit") {
    CHECK(cpu_text(0ms) == "0.0 s");
    CHECK(cpu_text(400ms) == "0.4 s");
    CHECK(cpu_text(9'500ms) == "9.5 s");
    CHECK(cpu_text(10s) == "10 s");
    CHECK(cpu_text(12min) == "12 min");
}

TEST_CASE("a tree is drawn from the top") {
    CHECK(drawing({process(10, 1), process(11, 10), process(12, 11), process(13, 10)}) ==
          "10\n"
          "├─ 11\n"
          "│  └─ 12\n"
          "└─ 13\n");
}

TEST_CASE("children may come before their parents, and there may be several tops") {
    CHECK(drawing({process(21, 20), process(11, 10), process(20, 1), process(10, 1)}) ==
          "20\n"
          "└─ 21\n"
          "10\n"
          "└─ 11\n");
    CHECK(drawing({}).empty());
}

TEST_CASE("processes that were read while pids went round are drawn, each once") {
    const std::vector<std::vector<ProcessFacts>> snapshots{
        {process(10, 11), process(11, 10)},  // parents in a circle
        {process(10, 10)},                   // its own parent
        {process(1, 0), process(10, 12), process(11, 10), process(12, 11), process(13, 12)},
        {process(1, 0), process(5, 1), process(1, 5)},  // a pid that is there twice
        {process(1, 0), process(5, 1), process(5, 1), process(6, 5)}};
    for (const auto& snapshot : snapshots) {
        std::multiset<int> expected;
        for (const auto& one : snapshot) expected.insert(one.id.pid);
        std::multiset<int> drawn;
        for (const auto& branch : branches_of(snapshot)) drawn.insert(branch.process.id.pid);
        CHECK(drawn == expected);
    }
}
