// What is said to a command line that makes no sense: one line with the option, the value, and what
// is accepted.

#include <string>
#include <vector>

#include "base/failure.hpp"
#include "catch.hpp"
#include "cli/parse.hpp"

using once::Ending;
using once::Failure;
using Words = std::vector<std::string>;

namespace {

// The words of the refusal; empty if there is none.
std::string refusal(Words words) {
    words.insert(words.begin(), "once");
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    try {
        (void)once::cli::parse(static_cast<int>(words.size()), argv.data());
    } catch (const Failure& failure) {
        CHECK(failure.ending() == Ending::exited(125));
        return failure.what();
    }
    return {};
}

void check_tells(const Words& words, const Words& parts) {
    const auto said = refusal(words);
    CAPTURE(said);
    REQUIRE_FALSE(said.empty());
    CHECK(said.find('\n') == std::string::npos);
    for (const auto& part : parts) {
        CAPTURE(part);
        CHECK(said.find(part) != std::string::npos);
    }
}

}  // namespace

TEST_CASE("a value that is not accepted is named, with its option and with what is") {
    struct Bad {
        Words options;
        Words parts;
    };
    const std::vector<Bad> all{
        {{"-p", "0"}, {"--port", "'0'", "1", "65535"}},
        {{"--port=65536"}, {"--port", "'65536'", "1", "65535"}},
        {{"-phttp"}, {"--port", "'http'"}},
        {{"--port="}, {"--port", "''"}},
        {{"--name", "a b"}, {"--name", "'a b'", "64", "A-Z a-z 0-9 . _ -"}},
        {{"-n", ""}, {"--name", "''"}},
        {{"-n", "."}, {"--name", "'.'", "folder"}},
        {{"-n", "8001"}, {"--name", "'8001'", "-p", "port"}},
        {{"--wait=soon"}, {"--wait", "'soon'", "500ms", "5s", "2m", "1h", "seconds"}},
        {{"--wait="}, {"--wait", "''"}},
        {{"--stop-timeout", "1d"}, {"--stop-timeout", "'1d'", "500ms", "1h"}},
        {{"--stop-timeout=-5"}, {"--stop-timeout", "'-5'"}},
        {{"--stop-signal", "CHLD"}, {"--stop-signal", "'CHLD'", "HUP", "INT", "KILL", "TERM"}},
        {{"--group", "mine"}, {"--group", "'mine'", "auto", "own", "shared"}},
        {{"--color", "sometimes"}, {"--color", "'sometimes'", "auto", "always", "never"}},
        {{"-E", "256"}, {"--conflict-exit-code", "'256'", "0", "255"}},
        {{"-E", "x"}, {"--conflict-exit-code", "'x'"}},
        {{"-C", ""}, {"--chdir", "''", "folder"}},
        {{"--wait-for", "redis"}, {"--wait-for", "'redis'", "tcp:HOST:PORT", "file:PATH"}},
        {{"--wait-for=https://a/"}, {"--wait-for", "'https://a/'", "plain http only", "tcp:"}},
        {{"--wait-for=http://a/\r\nX:"}, {"--wait-for", "'http://a/??X:'", "%20"}},
        {{"--wait-timeout", "-1"}, {"--wait-timeout", "'-1'", "500ms", "1h"}},
        {{"--pid-file="}, {"--pid-file", "''", "file"}},
        {{"--ready=soon"}, {"--ready", "'soon'", "500ms", "5s", "2m", "1h", "seconds"}},
        {{"--ready="}, {"--ready", "''", "500ms"}},
        {{"--ready=0"}, {"--ready", "'0'", "more than 0"}},
        {{"--ready-url", "https://a/"}, {"--ready-url", "'https://a/'", "plain http only"}},
        {{"--ready-url", "tcp:a:1"}, {"--ready-url", "'tcp:a:1'", "http://HOST:PORT/PATH"}},
        {{"--ready-url", "a"}, {"--ready-url", "'a'", "http://"}},
        {{"--ready-url="}, {"--ready-url", "''", "http://"}},
        {{"-d", "--log="}, {"--log", "''", "file"}},
        {{"-d", "--log-max-size", "0"}, {"--log-max-size", "'0'", "64K", "512M", "1G", "bytes"}},
        {{"-d", "--log-max-size=big"}, {"--log-max-size", "'big'", "512M"}},
        {{"-d", "--log-keep=-1"}, {"--log-keep", "'-1'", "0 to 1000"}},
        {{"-d", "--log-keep", "1001"}, {"--log-keep", "'1001'", "0 to 1000"}},
        {{"--restart", "yes"}, {"--restart", "'yes'", "never", "on-failure", "always"}},
        {{"--restart=always", "--max-restarts=x"}, {"--max-restarts", "'x'", "0 to 1000000"}},
        {{"--restart=always", "--min-uptime=1d"}, {"--min-uptime", "'1d'", "1h"}},
        {{"--max-memory", "lots"}, {"--max-memory", "'lots'", "64K", "512M", "1G", "bytes"}},
        {{"--max-memory=0"}, {"--max-memory", "'0'", "512M"}},
        {{"--ttl", "month"}, {"--ttl", "'month'", "1h"}},
        {{"--ttl", "0s"}, {"--ttl", "'0s'", "more than 0"}}};
    for (const auto& bad : all) {
        auto words = bad.options;
        words.emplace_back("cmd");
        check_tells(words, bad.parts);
    }
}

TEST_CASE("a launch claims up to a thousand ports") {
    Words words;
    for (int port = 1; port <= 1000; ++port) words.push_back("-p" + std::to_string(port));
    words.insert(words.end(), {"-p1", "true"});
    CHECK(refusal(words).empty());
    words.insert(words.begin(), "-p1001");
    check_tells(words, {"--port", "'1000'", "up to 1000 ports"});
}

TEST_CASE("an option without its value is told what it needs") {
    check_tells({"--port"}, {"--port", "value", "PORT"});
    check_tells({"-p"}, {"--port", "value", "PORT"});
    check_tells({"-v", "-C"}, {"--chdir", "value", "DIR"});
    check_tells({"--stop-timeout"}, {"--stop-timeout", "value", "DUR"});
}

TEST_CASE("a value for an option that takes none is refused") {
    check_tells({"--replace=yes", "cmd"}, {"--replace", "no value"});
    check_tells({"--verbose=2", "cmd"}, {"--verbose", "no value"});
}

TEST_CASE("an unknown option is named, with the nearest that exists") {
    check_tells({"--prot", "80", "cmd"}, {"'--prot'", "'--port'"});
    check_tells({"--prot=80", "cmd"}, {"'--prot'", "'--port'"});
    check_tells({"--repalce", "cmd"}, {"'--repalce'", "'--replace'"});
    check_tells({"--xyzzy-plugh", "cmd"}, {"'--xyzzy-plugh'"});
    CHECK(refusal({"--xyzzy-plugh", "cmd"}).find("did you mean") == std::string::npos);
    check_tells({"-x", "cmd"}, {"'-x'"});
    check_tells({"-vx", "cmd"}, {"'-x'"});
    check_tells({"-p", "80", "-vx", "cmd"}, {"'-x'"});
}

TEST_CASE("the beginning of an option is not that option") {
    check_tells({"--stop-time", "5", "cmd"}, {"'--stop-time'", "'--stop-timeout'"});
    check_tells({"--verb", "cmd"}, {"'--verb'", "'--verbose'"});
    // The beginning of several is unknown too.
    check_tells({"--re", "cmd"}, {"'--re'"});
    check_tells({"--pid", "x", "cmd"}, {"'--pid'", "'--pid-file'"});
    check_tells({"--replac=yes", "cmd"}, {"--replac"});
}

TEST_CASE("an unknown option is printable, whatever bytes it has") {
    const auto said = refusal({"--\x1b[31m", "cmd"});
    CHECK(said.find('\x1b') == std::string::npos);
    check_tells({"-p", "\x1b[31m", "cmd"}, {"'?[31m'"});
    check_tells({"-\xff", "cmd"}, {"unknown option"});
    CHECK(refusal({"status", "\x1b"}).find('\x1b') == std::string::npos);
}

TEST_CASE("options that contradict each other are both named") {
    check_tells({"--refuse", "--replace", "cmd"}, {"--refuse", "--replace"});
    check_tells({"--wait=5", "--reuse", "cmd"}, {"--wait", "--reuse"});
    check_tells({"-q", "-v", "cmd"}, {"--quiet", "--verbose"});
    check_tells({"-n", "a", "-n", "b", "cmd"}, {"--name", "'a'", "'b'"});
}

TEST_CASE("a duration behind a blank is not taken for the command") {
    check_tells({"--wait", "5", "sh"}, {"--wait=5"});
    check_tells({"-w", "500ms", "sh"}, {"--wait=500ms"});
    check_tells({"-p", "80", "-w", "5s", "sh"}, {"--wait=5s"});
    check_tells({"-p", "80", "--ready", "5s", "--", "sh"}, {"--ready=5s", "one word"});
    check_tells({"--ready", "5s", "-p", "80", "sh"}, {"--ready=5s"});
}

TEST_CASE("a time-out of dependencies without any is refused") {
    check_tells({"--wait-timeout", "5", "cmd"}, {"--wait-timeout", "--wait-for", "--wait=5s"});
    check_tells({"--wait-timeout", "5", "--wait", "cmd"}, {"--wait-timeout", "--wait-for"});
}

TEST_CASE("without a command there is the usage line") {
    check_tells({}, {"no command", "once [OPTION]... [--] COMMAND [ARG]..."});
    check_tells({"-p", "80"}, {"no command"});
    check_tells({"--"}, {"no command"});
}

TEST_CASE("a verb that is written as an option is told how it is written") {
    check_tells({"--stop", "8001"}, {"'--stop'", "once stop"});
    check_tells({"--status"}, {"'--status'", "once status"});
    check_tells({"logs", "8001", "-n", "5"}, {"'-n'", "--lines 5"});
}

TEST_CASE("kill is no verb, and no pid is taken for a port") {
    check_tells({"kill", "8001"}, {"once stop 8001", "once -- kill 8001"});
    check_tells({"kill", "8001", "8002"}, {"once stop 8001 8002", "once -- kill 8001 8002"});
    CHECK(refusal({"--", "kill", "8001"}).empty());
    CHECK(refusal({"kill", "-9", "8001"}).empty());
}

TEST_CASE("status refuses what it does not know") {
    check_tells({"status", "--port", "80"}, {"'--port'"});
    check_tells({"status", "--jsno"}, {"'--jsno'", "--json"});
    check_tells({"status", "a/b"}, {"'a/b'", "port", "name"});
    check_tells({"status", ""}, {"''"});
    check_tells({"status", "--color", "red"}, {"--color", "'red'"});
    check_tells({"--json", "cmd"}, {"--json"});
}

TEST_CASE("logs needs exactly one port or name, and says so") {
    check_tells({"logs"}, {"logs: name one port or name"});
    check_tells({"logs", "-f"}, {"logs: name one port or name"});
    check_tells({"logs", "web", "api"}, {"logs: name one port or name"});
    check_tells({"logs", "a/b"}, {"logs: 'a/b' is neither a port nor a name"});
    check_tells({"logs", "web", "--lines", "-1"}, {"--lines", "'-1'", "a number, or all"});
    check_tells({"logs", "web", "--lines", "many"}, {"--lines", "'many'", "a number, or all"});
    check_tells({"logs", "web", "--lines"}, {"--lines needs a value"});
    check_tells({"logs", "web", "--force"},
                {"--force", "not for once logs", "a launch and once stop"});
    check_tells({"--follow", "true"}, {"--follow", "not for a launch", "for once logs"});
}

TEST_CASE("an option that means nothing without another names that one") {
    check_tells({"--log", "x", "cmd"}, {"--log means nothing without --detach"});
    check_tells({"--log-timestamps", "cmd"}, {"--log-timestamps", "--detach"});
    check_tells({"--log-max-size=1M", "cmd"}, {"--log-max-size", "--detach"});
    check_tells({"--log-keep", "1", "cmd"}, {"--log-keep", "--detach"});
    check_tells({"--max-restarts=1", "cmd"}, {"--max-restarts means nothing without --restart"});
    check_tells({"--min-uptime", "5s", "cmd"}, {"--min-uptime", "--restart"});
}

TEST_CASE("to be ready needs something to be seen by") {
    check_tells({"--ready", "cmd"}, {"--ready", "--port", "--ready-url"});
    check_tells({"--ready=5s", "-n", "web", "cmd"}, {"--ready", "--port", "--ready-url"});
}

TEST_CASE("restart needs exactly one port or name, and says so") {
    check_tells({"restart"}, {"restart: name one port or name"});
    check_tells({"restart", "web", "api"}, {"restart: name one port or name"});
    check_tells({"restart", "a/b"}, {"restart: 'a/b' is neither a port nor a name"});
    check_tells({"restart", "-p", "80"}, {"'-p' is for launches", "stands alone"});
    check_tells({"restart", "web", "--force"}, {"--force", "not for once restart", "once stop"});
    check_tells({"restart", "web", "-E", "256"}, {"--conflict-exit-code", "'256'"});
}
