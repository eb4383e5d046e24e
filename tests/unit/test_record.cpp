#include <csignal>
#include <limits>
#include <random>
#include <string>

#include "catch.hpp"
#include "claim/record.hpp"
#include "sample_record.hpp"

using namespace once;
using claim::parse;
using claim::Record;
using claim::to_text;
using test::sample_record;

namespace {

void check_same(const claim::Starter& one, const claim::Starter& other) {
    CHECK(one.id == other.id);
    CHECK(one.name == other.name);
    CHECK(one.systemd_unit == other.systemd_unit);
    CHECK(one.pm2_name == other.pm2_name);
}

void check_same(const Record& one, const Record& other) {
    CHECK(one.job == other.job);
    CHECK(one.boot == other.boot);
    CHECK(one.network_namespace == other.network_namespace);
    CHECK(one.pid_namespace == other.pid_namespace);
    CHECK(one.begun == other.begun);
    CHECK(one.once == other.once);
    CHECK(one.keeper == other.keeper);
    CHECK(one.leader == other.leader);
    CHECK(one.session == other.session);
    CHECK(one.stdio == other.stdio);
    CHECK(one.folder == other.folder);
    CHECK(one.command == other.command);
    CHECK(one.ports == other.ports);
    CHECK(one.name == other.name);
    CHECK(one.started == other.started);
    CHECK(one.ready_since == other.ready_since);
    CHECK(one.stop_timeout == other.stop_timeout);
    CHECK(one.pid_file == other.pid_file);
    CHECK(one.log == other.log);
    check_same(one.starter, other.starter);
    CHECK(one.inherited == other.inherited);
    CHECK(one.is_stopping == other.is_stopping);
    CHECK(one.is_backing_off == other.is_backing_off);
    CHECK(one.awaits_ready == other.awaits_ready);
    CHECK(one.can_restart == other.can_restart);
    CHECK(one.restarts == other.restarts);
    CHECK(one.verb == other.verb);
    REQUIRE(one.changes.size() == other.changes.size());
    for (std::size_t i = 0; i < one.changes.size(); ++i) {
        check_same(one.changes[i].from, other.changes[i].from);
        CHECK(one.changes[i].when == other.changes[i].when);
    }
}

void check_survives(const Record& record) {
    const auto again = parse(to_text(record));
    REQUIRE(again);
    check_same(record, *again);
}

// The sample's text with one piece of it replaced.
std::string damaged(const std::string& piece, const std::string& by) {
    auto text = to_text(sample_record());
    const auto place = text.find(piece);
    CAPTURE(piece, text);
    REQUIRE(place != std::string::npos);
    return text.replace(place, piece.size(), by);
}

}  // namespace

TEST_CASE("a record is read as it was written") { check_survives(sample_record()); }

TEST_CASE("a record tells what its once was called for") {
    for (const auto verb : {claim::Verb::launch, claim::Verb::stop, claim::Verb::restart}) {
        auto record = sample_record();
        record.verb = verb;
        check_survives(record);
    }
}

TEST_CASE("a record from before there were restarts is one of a job that was never restarted") {
    auto record = sample_record();
    record.is_backing_off = record.awaits_ready = false;
    record.can_restart = true;
    record.restarts = 0;
    const auto text = to_text(record);
    for (const char* key : {"backing_off", "awaits_ready", "can_restart", "restarts"}) {
        CHECK(text.find(key) == std::string::npos);
    }
    check_survives(record);
}

TEST_CASE("a record is one line of text") {
    const auto text = to_text(sample_record());
    CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("what a holder does not have is not in its record") {
    auto record = sample_record();
    record.keeper = record.leader = {};
    record.ready_since.reset();
    record.pid_file.clear();
    record.log.clear();
    record.name.clear();
    record.ports.clear();
    record.stdio.clear();
    record.inherited.clear();
    record.starter.systemd_unit.clear();
    record.starter.pm2_name.clear();
    record.changes.clear();
    record.is_stopping = false;
    record.verb = claim::Verb::launch;
    check_survives(record);
    const auto text = to_text(record);
    for (const char* key : {"changes", "stopping", "verb", "ready_since", "pid_file", "log"}) {
        CAPTURE(key);
        CHECK(text.find(key) == std::string::npos);
    }
}

TEST_CASE("the largest numbers survive") {
    auto record = sample_record();
    record.begun = record.network_namespace = std::numeric_limits<std::uint64_t>::max();
    record.once.started = std::numeric_limits<std::uint64_t>::max();
    record.once.pid = std::numeric_limits<int>::max();
    record.started = std::numeric_limits<std::int64_t>::max();
    record.stdio = {{std::numeric_limits<std::uint64_t>::max(), 0}};
    check_survives(record);
}

TEST_CASE("bytes that are no UTF-8 survive the way there and back") {
    auto record = sample_record();
    record.folder = "/home/\xff\xfe/a";
    record.command = {"\x80", "caf\xe9", "café", "\xc2", std::string("a\0b", 3), "\xed\xa0\x80"};
    record.pid_file = "\xf0\x9f";
    record.log = "\xf0\x9f.log";
    record.starter.name = "\x1b\xff";
    record.changes.front().from.name = record.changes.back().from.systemd_unit = "\xfe";
    check_survives(record);
}

TEST_CASE("text that JSON has its own ideas about survives") {
    auto record = sample_record();
    record.folder = "/\"\\\n\t\x01\x7f/{\"hex\":\"00\"}";
    record.command = {"{}", "[", "null", "\"", "\\u0000", "\u2028"};
    check_survives(record);
}

TEST_CASE("of a command line as long as a book the beginning is kept") {
    auto record = sample_record();
    record.command.assign(100'000, "word");
    auto again = parse(to_text(record));
    REQUIRE(again);
    CHECK(again->command.size() > 100);
    CHECK(again->command.front() == "word");
    CHECK(to_text(record).size() < 64'000);

    record.command = {"sh", "-c", std::string(10'000'000, 'x')};
    again = parse(to_text(record));
    REQUIRE(again);
    CHECK(again->command.at(1) == "-c");
    CHECK(again->command.at(2).starts_with("xxx"));
    CHECK(to_text(record).size() < 64'000);
}

TEST_CASE("many short words make a record that can be read") {
    for (const char* word : {"", "a"}) {
        auto record = sample_record();
        record.command.assign(100'000, word);
        CHECK(parse(to_text(record)));
    }
}

TEST_CASE("a record that was cut at any byte is no record") {
    const auto text = to_text(sample_record());
    // But for the line's end, which is not part of it.
    for (std::size_t length = 0; length + 1 < text.size(); ++length) {
        CAPTURE(length);
        REQUIRE_FALSE(parse(text.substr(0, length)));
    }
}

TEST_CASE("what is no record at all is none") {
    for (const std::string text : {"", "\n", "null", "[]", "{}", "42", "\"text\"", "{\"schema\":1}",
                                   "hello", "\xff\xfe", "{\"schema\":1,\"schema\":1}"}) {
        CAPTURE(text);
        CHECK_FALSE(parse(text));
    }
    CHECK_FALSE(parse(std::string(1'000'000, '\0')));
    CHECK_FALSE(parse(std::string(1'000'000, '[')));
    CHECK_FALSE(parse("{}" + to_text(sample_record())));
}

TEST_CASE("only the first line of a text is a record") {
    CHECK(parse(to_text(sample_record()) + "{} whatever an older, longer one has left"));
    CHECK_FALSE(parse("\n" + to_text(sample_record())));
}

TEST_CASE("a record of another schema is no record of ours") {
    CHECK_FALSE(parse(damaged("\"schema\":1", "\"schema\":2")));
    CHECK_FALSE(parse(damaged("\"schema\":1", "\"schema\":0")));
    CHECK_FALSE(parse(damaged("\"schema\":1", "\"schema\":\"1\"")));
    CHECK_FALSE(parse(damaged("\"schema\":1", "\"schema\":1.0")));
    CHECK_FALSE(parse(damaged("\"schema\":1,", "")));
}

TEST_CASE("a pid that is negative, or none, is damage: it would mean a group") {
    for (const char* pid : {"-1", "-4000", "4294967296", "2147483648", "\"4000\"", "4000.5", "null",
                            "true", "[4000]", "-9223372036854775808"}) {
        CAPTURE(pid);
        CHECK_FALSE(parse(damaged("\"pid\":4000", std::string("\"pid\":") + pid)));
        CHECK_FALSE(parse(damaged("\"pid\":4001", std::string("\"pid\":") + pid)));
        CHECK_FALSE(parse(damaged("\"pid\":4002", std::string("\"pid\":") + pid)));
        CHECK_FALSE(parse(damaged("\"pid\":3999", std::string("\"pid\":") + pid)));
    }
    CHECK_FALSE(parse(damaged("\"start\":77", "\"start\":-77")));
}

TEST_CASE("a record names the once that wrote it") {
    CHECK_FALSE(parse(damaged("\"pid\":4000", "\"pid\":0")));
    CHECK(parse(damaged("\"pid\":4000", "\"pid\":1")));  // in a container
}

TEST_CASE("a value of the wrong type is damage") {
    struct Damage {
        const char* piece;
        const char* by;
    };
    for (const auto& [piece, by] : std::initializer_list<Damage>{
             {"\"job\":\"0123456789abcdef\"", "\"job\":7"},
             {"\"job\":\"0123456789abcdef\"", "\"job\":\"\""},
             {"\"job\":\"0123456789abcdef\"", "\"job\":{\"hex\":\"ff\"}"},
             {"\"job\":\"0123456789abcdef\"", "\"job\":\"01234567 89abcdef\""},
             {"\"boot\":\"", "\"boot\":\"\\u0001"},
             {"\"begun\":123456789012345", "\"begun\":-1"},
             {"\"begun\":123456789012345", "\"begun\":1e99"},
             {"\"folder\":\"/home/me/app\"", "\"folder\":null"},
             {"\"folder\":\"/home/me/app\"", "\"folder\":{\"hex\":\"0\"}"},
             {"\"folder\":\"/home/me/app\"", "\"folder\":{\"hex\":\"zz\"}"},
             {"\"folder\":\"/home/me/app\"", "\"folder\":{\"hex\":\"+1\"}"},
             {"\"folder\":\"/home/me/app\"", "\"folder\":{}"},
             {"\"command\":[\"pnpm\"", "\"command\":[7"},
             {"[\"pnpm\",\"dev\",\"\",\"--host=::1\"]", "[]"},
             {"[\"pnpm\",\"dev\",\"\",\"--host=::1\"]", "\"pnpm dev\""},
             {"\"ports\":[8001", "\"ports\":[0"},
             {"\"ports\":[8001", "\"ports\":[65536"},
             {"\"ports\":[8001", "\"ports\":[-1"},
             {"\"ports\":[8001", "\"ports\":[\"8001\""},
             {"\"stop_timeout_ms\":2500", "\"stop_timeout_ms\":-1"},
             {"\"stop_timeout_ms\":2500", "\"stop_timeout_ms\":\"5s\""},
             {"\"ready_since\":1700000003", "\"ready_since\":\"now\""},
             {"\"pid_file\":\"/home/me/app.pid\"", "\"pid_file\":1"},
             {"\"log\":\"/home/me/app.log\"", "\"log\":true"},
             {"\"inherited\":[\"feedfeedfeedfeed\"]", "\"inherited\":[1]"},
             {"\"device\":24", "\"device\":-24"},
             {"\"session\":3999", "\"session\":true"},
             {"\"stopping\":true", "\"stopping\":1"},
             {"\"stopping\":true", "\"stopping\":\"true\""},
             {"\"stopping\":true", "\"stopping\":null"},
             {"\"backing_off\":true", "\"backing_off\":1"},
             {"\"awaits_ready\":true", "\"awaits_ready\":\"yes\""},
             {"\"can_restart\":false", "\"can_restart\":null"},
             {"\"restarts\":3", "\"restarts\":true"},
             {"\"restarts\":3", "\"restarts\":-1"},
             {"\"restarts\":3", "\"restarts\":4294967296"},
             {"\"verb\":\"stop\"", "\"verb\":7"},
             {"\"verb\":\"stop\"", "\"verb\":{}"},
             {"\"changes\":[", "\"changes\":[7,"},
             {"\"changes\":[", "\"changes\":[{},"},
             {"\"changes\":[", "\"changes\":[[],"},
             {"\"changes\":[", "\"changes\":7,\"others\":["},
             {"\"when\":1699999990", "\"when\":\"now\""},
             {"\"when\":1699999990", "\"when\":1e99"},
             {"\"when\":1699999990", "\"then\":1"},
             {"\"from\":{\"pid\":3000", "\"from\":{\"pid\":-3000"},
             {"\"from\":{\"pid\":3000", "\"from\":{\"pids\":3000"},
             {"\"from\":{\"pid\":3000", "\"to\":{\"pid\":3000"},
             {"\"name\":\"zsh\"", "\"name\":7"},
             {"\"systemd_unit\":\"other.service\"", "\"systemd_unit\":7"},
             {"\"pm2_name\":\"web\"", "\"pm2_name\":null"}}) {
        CAPTURE(piece, by);
        CHECK_FALSE(parse(damaged(piece, by)));
    }
}

TEST_CASE("a stop timeout that no clock could hold is damage") {
    // Waiting for it is reckoned with twice its length.
    for (const char* timeout : {"9223372036854775807", "9223372036854775"}) {
        CHECK_FALSE(parse(
            damaged("\"stop_timeout_ms\":2500", std::string("\"stop_timeout_ms\":") + timeout)));
    }
}

TEST_CASE("each key must be there") {
    for (const std::string key :
         {"job", "boot", "network_namespace", "pid_namespace", "begun", "once", "keeper", "leader",
          "session", "folder", "command", "ports", "name", "started", "stop_timeout_ms", "starter",
          "inherited", "stdio"}) {
        CAPTURE(key);
        CHECK_FALSE(parse(damaged("\"" + key + "\":", "\"no-" + key + "\":")));
    }
}

TEST_CASE("a key that we do not know is no damage") {
    CHECK(parse(damaged("\"schema\":1", "\"schema\":1,\"colour\":{\"a\":[1,2]}")));
}

TEST_CASE("a record from before there were changes is a record") {
    auto record = sample_record();
    record.changes.clear();
    record.is_stopping = false;
    record.verb = claim::Verb::launch;
    const auto again = parse(to_text(record));
    REQUIRE(again);
    CHECK(again->changes.empty());
    CHECK_FALSE(again->is_stopping);
    CHECK(again->verb == claim::Verb::launch);
    CHECK(parse(damaged("\"stopping\":true", "\"stopping\":false"))->is_stopping == false);
    // A verb of a later version is no stop.
    CHECK(parse(damaged("\"verb\":\"stop\"", "\"verb\":\"hop\""))->verb == claim::Verb::launch);
}

TEST_CASE("more changes than anybody writes are damage") {
    auto record = sample_record();
    record.changes.assign(100'000, record.changes.front());
    CHECK_FALSE(parse(to_text(record)));
}

TEST_CASE("a record with any one byte changed is read safely, or not at all") {
    const auto text = to_text(sample_record());
    std::mt19937 dice(1);  // the same every time
    for (int round = 0; round < 5000; ++round) {
        auto other = text;
        other[dice() % other.size()] = static_cast<char>(dice());
        const auto record = parse(other);
        if (!record) continue;
        REQUIRE(record->once.pid > 0);
        REQUIRE(record->keeper.pid >= 0);
        REQUIRE(record->leader.pid >= 0);
        REQUIRE_FALSE(record->command.empty());
        REQUIRE(record->stop_timeout >= Duration(0));
    }
}
