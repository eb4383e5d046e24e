#include <csignal>

#include "catch.hpp"
#include "verbs/news.hpp"

using once::Ending;
using once::job::NotReady;
using once::verbs::ending_text;
using once::verbs::trouble_text;
using namespace std::chrono_literals;

namespace {

std::string text(const once::job::Trouble& trouble) { return trouble_text(trouble, "vite"); }

NotReady not_ready() {
    NotReady trouble;
    trouble.within = 30s;
    return trouble;
}

}  // namespace

TEST_CASE("an ending is said as a person says it") {
    CHECK(ending_text(Ending::exited(0)) == "exited with 0");
    CHECK(ending_text(Ending::exited(3)) == "exited with 3");
    CHECK(ending_text(Ending::killed(SIGKILL)) == "was killed by signal 9");
}

TEST_CASE("of a job that is not ready it is said where it listens instead") {
    auto trouble = not_ready();
    trouble.missing = {5173};
    CHECK(text(trouble) == "'vite' was not ready within 30 s: it does not listen on port 5173");
    trouble.elsewhere = {5174};
    CHECK(text(trouble) ==
          "'vite' was not ready within 30 s: it listens on port 5174, not on 5173");
    trouble.missing = {5173, 5175};
    trouble.elsewhere = {80, 5174};
    CHECK(text(trouble) ==
          "'vite' was not ready within 30 s: it listens on port 80, 5174, not on 5173, 5175");
}

TEST_CASE("of a url that does not answer it is said what came of it") {
    auto trouble = not_ready();
    trouble.within = 500ms;
    trouble.url = "http://localhost:5173/";
    trouble.answer = "it answers 503";
    CHECK(text(trouble) ==
          "'vite' was not ready within 500 ms: http://localhost:5173/: it answers 503");
    // The url is asked when the job listens.
    trouble.missing = {5173};
    CHECK(text(trouble) == "'vite' was not ready within 500 ms: it does not listen on port 5173");
}

TEST_CASE("of a job that outgrew its limits it is said how far, and by which option") {
    CHECK(text(once::job::TooLarge{600'000'000, 512U << 20U}) ==
          "'vite' used 572.2M of memory, more than --max-memory 512M");
    CHECK(text(once::job::TooLarge{2'000'000, 900U << 10U}) ==
          "'vite' used 1.9M of memory, more than --max-memory 900K");
    CHECK(text(once::job::TooOld{90s}) == "'vite' was ended after 1 min 30 s, as --ttl says");
    CHECK(text(once::job::TooOld{1500ms}) == "'vite' was ended after 1.5 s, as --ttl says");
}
