#include <string>

#include "catch.hpp"
#include "job/http_answer.hpp"

using once::job::HttpAnswer;
using Verdict = once::job::HttpAnswer::Verdict;

TEST_CASE("a status below 400 is a good answer, as soon as its line is there") {
    HttpAnswer answer;
    CHECK(answer.take("HTTP/1.1 2") == Verdict::open);
    CHECK(answer.take("04 No Content\r") == Verdict::open);
    CHECK(answer.take("\n") == Verdict::good);
    CHECK(HttpAnswer().take("HTTP/1.0 302 Found\n") == Verdict::good);
}

TEST_CASE("a status from 400 on is told") {
    HttpAnswer answer;
    CHECK(answer.take("HTTP/1.1 503 Busy\r\n") == Verdict::bad);
    CHECK(answer.why() == "it answers 503");
}

TEST_CASE("behind early answers stands the real one") {
    HttpAnswer answer;
    CHECK(answer.take("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n") ==
          Verdict::open);
    CHECK(answer.take("Link: x\r\n\r\nHTTP/1.1 200 OK\r\n") == Verdict::good);
}

TEST_CASE("early answers without an end are no http") {
    const std::string hint = "HTTP/1.1 103 Early Hints\r\n\r\n";
    HttpAnswer answer;
    std::size_t taken = 0;
    auto verdict = Verdict::open;
    while (verdict == Verdict::open && taken < 100'000) {
        verdict = answer.take(hint);
        taken += hint.size();
    }
    CHECK(verdict == Verdict::bad);
    CHECK(answer.why() == "it does not speak http");
    CHECK(taken < 10'000);
}

TEST_CASE("a status behind the end of its line is none, however the answer arrives") {
    HttpAnswer answer;
    CHECK(answer.take("HTTP/1.\n 200 OK\r\n") == Verdict::bad);
    CHECK(answer.why() == "it does not speak http");
    CHECK(HttpAnswer().take("HTTP/1.1 2\n00 OK\r\n") == Verdict::bad);
}

TEST_CASE("an answer that ends before it says anything is told") {
    HttpAnswer answer;
    CHECK(answer.take("") == Verdict::bad);
    CHECK(answer.why() == "it closes the connection without an answer");
    HttpAnswer torn;
    CHECK(torn.take("HTTP/1.1 20") == Verdict::open);
    CHECK(torn.take("") == Verdict::bad);
    CHECK(torn.why() == "it does not speak http");
}
