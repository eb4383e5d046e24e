// What is waited for before a launch, by a clock that only the script turns.

#include <csignal>

#include "base/failure.hpp"
#include "catch.hpp"
#include "claim/dependencies.hpp"
#include "world.hpp"

using namespace std::chrono_literals;
using once::Ending;
using once::fake::Server;
using once::fake::world;
namespace claim = once::claim;
namespace job = once::job;
namespace os = once::os;

namespace {

struct Outcome {
    Ending ending = Ending::exited(0);
    std::string words;
    std::vector<std::string> told;
    once::Duration took{0};
    [[nodiscard]] bool is_met() const { return ending == Ending::exited(0); }
};

std::vector<job::Endpoint> endpoints(const std::vector<std::string>& texts) {
    std::vector<job::Endpoint> all;
    for (const auto& text : texts)
        all.push_back(std::get<job::Endpoint>(job::parse_endpoint(text)));
    return all;
}

Outcome await(const std::vector<std::string>& texts, once::Duration timeout = 30s) {
    os::Events events(os::Catch::usual);
    claim::Waiting waiting(events, 75, nullptr);
    Outcome outcome;
    const auto begun = world().now;
    try {
        claim::await_dependencies(
            {endpoints(texts), timeout, ""}, waiting,
            [&](const auto&, const auto& line) { outcome.told.push_back(line); });
    } catch (const once::Failure& failure) {
        outcome.ending = failure.ending();
        outcome.words = failure.what();
    }
    outcome.took = std::chrono::duration_cast<once::Duration>(world().now - begun);
    return outcome;
}

// From this time on, counted from now.
void later(once::Duration when, std::function<void()> act) {
    const auto due = world().now + when;
    // One step for each time that somebody waits: it looks at the clock, and comes back.
    struct Look {
        once::TimePoint due;
        std::function<void()> act;
        void operator()() const {
            if (world().now >= due) return act();
            world().steps.emplace_front(*this);
        }
    };
    world().steps.emplace_back(Look{due, std::move(act)});
}

std::vector<std::string> places() {
    std::vector<std::string> all;
    for (const auto& [when, where] : world().connections) all.push_back(where);
    return all;
}

void serve(const std::string& where, const Server& server) { world().servers[where] = server; }

Server saying(const std::string& text) { return {true, text, true}; }

}  // namespace

TEST_CASE("a dependency that answers at once takes no time and no word") {
    once::fake::begin_anew();
    serve("10.0.0.1:80", {});
    const auto outcome = await({"tcp:10.0.0.1:80"});
    CHECK(outcome.is_met());
    CHECK(outcome.took == 0ms);
    CHECK(outcome.told.empty());
}

TEST_CASE("a dependency is asked at doubling pauses, and each half second in the end") {
    once::fake::begin_anew();
    later(3s, [] { serve("10.0.0.1:80", {}); });
    CHECK(await({"tcp:10.0.0.1:80"}).is_met());
    std::vector<once::Duration> pauses;
    const auto& all = world().connections;
    for (std::size_t i = 1; i < all.size(); ++i) {
        pauses.push_back(
            std::chrono::duration_cast<once::Duration>(all[i].first - all[i - 1].first));
    }
    REQUIRE(pauses.size() >= 8);
    pauses.resize(8);
    CHECK(pauses ==
          std::vector<once::Duration>{20ms, 40ms, 80ms, 160ms, 320ms, 500ms, 500ms, 500ms});
}

TEST_CASE("all addresses of a host are tried in order") {
    once::fake::begin_anew();
    world().hosts["db"] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
    serve("10.0.0.2:5432", {});
    CHECK(await({"tcp:db:5432"}).is_met());
    CHECK(places() == std::vector<std::string>{"10.0.0.1:5432", "10.0.0.2:5432"});
}

TEST_CASE("an address that keeps silent gives way to the next one") {
    once::fake::begin_anew();
    world().hosts["db"] = {"10.0.0.1", "10.0.0.2"};
    serve("10.0.0.1:5432", {false, "", false});
    serve("10.0.0.2:5432", {});
    const auto outcome = await({"tcp:db:5432"});
    CHECK(outcome.is_met());
    CHECK(outcome.took == 5s);
}

TEST_CASE("a dependency that never answers is named after the time-out, with what was seen last") {
    once::fake::begin_anew();
    const auto outcome = await({"tcp:10.0.0.1:80"}, 3s);
    CHECK(outcome.ending == Ending::exited(69));
    CHECK(outcome.words == "tcp:10.0.0.1:80 has not answered within 3 s: connection refused");
    CHECK(outcome.took == 3s);
    CHECK(world().connections.back().first == world().now);  // a last look at the deadline
}

TEST_CASE("a host whose name nobody knows is named") {
    once::fake::begin_anew();
    world().hosts["nowhere"] = {};
    CHECK(await({"tcp:nowhere:80"}, 500ms).words ==
          "tcp:nowhere:80 has not answered within 500 ms: there is no such host");
}

TEST_CASE("a name that is not resolved in time is no answer either") {
    once::fake::begin_anew();
    const auto outcome = await({"tcp:slow:80"}, 20s);
    CHECK(outcome.ending == Ending::exited(69));
    CHECK(outcome.words == "tcp:slow:80 has not answered within 20 s: its name is not resolved");
}

TEST_CASE("one time-out holds for all dependencies together") {
    once::fake::begin_anew();
    later(8s, [] { serve("10.0.0.1:80", {}); });
    const auto outcome = await({"tcp:10.0.0.1:80", "tcp:10.0.0.2:80"}, 10s);
    CHECK(outcome.ending == Ending::exited(69));
    CHECK(outcome.took == 10s);
    CHECK(outcome.words.find("tcp:10.0.0.2:80 has not answered within") == 0);
}

TEST_CASE("the time-out 0 makes one attempt at each dependency") {
    once::fake::begin_anew();
    serve("10.0.0.1:80", {});
    const auto outcome = await({"tcp:10.0.0.1:80", "tcp:10.0.0.2:80"}, 0s);
    CHECK(outcome.ending == Ending::exited(69));
    CHECK(outcome.words == "tcp:10.0.0.2:80 does not answer: connection refused");
    CHECK(outcome.took == 0ms);
    CHECK(places().size() == 2);
}

TEST_CASE("while a dependency is waited for that is told each second") {
    once::fake::begin_anew();
    later(2900ms, [] { serve("10.0.0.1:80", {}); });
    const auto outcome = await({"tcp:10.0.0.1:80"});
    CHECK(outcome.told ==
          std::vector<std::string>{"waiting for tcp:10.0.0.1:80, 1 s (connection refused)",
                                   "waiting for tcp:10.0.0.1:80, 2 s (connection refused)",
                                   "waiting for tcp:10.0.0.1:80, 3 s (connection refused)"});
}

TEST_CASE("while an attempt hangs that is told too") {
    once::fake::begin_anew();
    serve("10.0.0.1:80", {false, "", false});
    const auto outcome = await({"tcp:10.0.0.1:80"}, 6s);
    REQUIRE(outcome.told.size() >= 5);
    CHECK(outcome.told.front() == "waiting for tcp:10.0.0.1:80, 1 s (no answer yet)");
    CHECK(outcome.words == "tcp:10.0.0.1:80 has not answered within 6 s: it does not answer");
}

TEST_CASE("a signal while a dependency is waited for ends once by that signal") {
    once::fake::begin_anew();
    later(2s, [] { world().tell(os::Signal{SIGINT, true, 0}); });
    CHECK(await({"tcp:10.0.0.1:80"}).ending == Ending::killed(SIGINT));
}

TEST_CASE("a signal that came while the dependencies answered ends once all the same") {
    once::fake::begin_anew();
    world().tell(os::Signal{SIGTERM, false, 1});
    CHECK(await({"file:/"}).ending == Ending::killed(SIGTERM));
}

TEST_CASE("an http dependency is asked for its path, and answers below 400") {
    for (const char* status : {"200 OK", "204 No Content", "302 Found", "399"}) {
        once::fake::begin_anew();
        serve("10.0.0.1:8080", saying(std::string("HTTP/1.1 ") + status + "\r\n\r\n"));
        CAPTURE(status);
        CHECK(await({"http://10.0.0.1:8080/health?deep=1"}).is_met());
        CHECK(world().received ==
              "GET /health?deep=1 HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nUser-Agent: once\r\nAccept: "
              "*/*\r\nConnection: close\r\n\r\n");
    }
}

TEST_CASE("what is no answer of an http dependency is told") {
    const std::vector<std::pair<std::string, std::string>> all{
        {"HTTP/1.1 503 Service Unavailable\r\n\r\n", "it answers 503"},
        {"HTTP/1.0 400\r\n", "it answers 400"},
        {"SSH-2.0-OpenSSH_9.2\r\n", "it does not speak http"},
        {"HTTP/1.1 20\r\n", "it does not speak http"},
        {"HTTP/1.1 200", "it does not speak http"},
        {std::string(20'000, 'x'), "it does not speak http"},
        {"", "it closes the connection without an answer"}};
    for (const auto& [says, why] : all) {
        once::fake::begin_anew();
        serve("10.0.0.1:80", saying(says));
        CAPTURE(says);
        CHECK(await({"http://10.0.0.1"}, 0s).words == "http://10.0.0.1 does not answer: " + why);
    }
}

TEST_CASE("the early hints of an http dependency are not its answer") {
    once::fake::begin_anew();
    const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    serve("10.0.0.1:80", saying(hints + "HTTP/1.1 503 No\r\n\r\n"));
    CHECK(await({"http://10.0.0.1"}, 0s).words ==
          "http://10.0.0.1 does not answer: it answers 503");
    serve("10.0.0.1:80", saying(hints + hints + "HTTP/1.1 200 OK\r\n\r\n"));
    CHECK(await({"http://10.0.0.1"}, 0s).is_met());
}

TEST_CASE("an http dependency that accepts and says nothing is asked again") {
    once::fake::begin_anew();
    serve("10.0.0.1:80", {});
    const auto outcome = await({"http://10.0.0.1"}, 12s);
    CHECK(outcome.words ==
          "http://10.0.0.1 has not answered within 12 s: it accepts, but does not answer");
    CHECK(places().size() == 3);
}

TEST_CASE("that somebody answers badly tells more than that elsewhere nobody answers") {
    once::fake::begin_anew();
    world().hosts["api"] = {"10.0.0.1", "10.0.0.2"};
    serve("10.0.0.1:80", saying("HTTP/1.1 503 No\r\n\r\n"));
    CHECK(await({"http://api"}, 0s).words == "http://api does not answer: it answers 503");
}
