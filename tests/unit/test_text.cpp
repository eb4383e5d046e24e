#include "base/text.hpp"
#include "catch.hpp"

using once::duration_text;
using once::printable;
using once::shortened;
using once::span_text;
using namespace std::chrono_literals;

TEST_CASE("what a person can read is printed as it is") {
    CHECK(printable("").empty());
    CHECK(printable("pnpm dev --host=::1") == "pnpm dev --host=::1");
    CHECK(printable("café – 日本語 😀 \u00a0") == "café – 日本語 😀 \u00a0");
}

TEST_CASE("no control character reaches the terminal") {
    CHECK(printable("\x1b[31mred\x1b[0m") == "?[31mred?[0m");
    CHECK(printable("a\nb\tc\rd\x7f") == "a?b?c?d?");
    CHECK(printable(std::string_view("a\0b", 3)) == "a?b");
    for (int byte = 0; byte < 0x20; ++byte)
        CHECK(printable(std::string(1, static_cast<char>(byte))) == "?");
}

TEST_CASE("a control character of the second kind is one question mark") {
    CHECK(printable("\u0080") == "?");
    CHECK(printable("a\u009b31mb") == "a?31mb");
    CHECK(printable("\u009f\u00a0") == "?\u00a0");
}

TEST_CASE("a C1 byte that is no UTF-8 does not reach the terminal") {
    // Terminals that are not in UTF-8 mode obey it all the same.
    CHECK(printable("a\x9b") == "a?");
    CHECK(printable("\xc2") != "\x9b");
    // As the second byte of a letter it is that letter.
    CHECK(printable("ě") == "ě");
}

TEST_CASE("text that fits is not shortened") {
    CHECK(shortened("", 5).empty());
    CHECK(shortened("abc", 5) == "abc");
    CHECK(shortened("abcde", 5) == "abcde");
}

TEST_CASE("text that is too long ends with an ellipsis at its width") {
    CHECK(shortened("abcdef", 5) == "abcd…");
    CHECK(shortened("abcdefghij", 2) == "a…");
    CHECK(shortened("abcdef", 1) == "…");
}

TEST_CASE("a letter of several bytes is one column and is never cut in two") {
    CHECK(shortened("äöüäö", 5) == "äöüäö");
    CHECK(shortened("äöüäöü", 5) == "äöüä…");
    CHECK(shortened("日本語日本語", 4) == "日本語…");
    CHECK(shortened("a😀b😀c", 3) == "a😀…");
}

TEST_CASE("a span is said as people say it") {
    CHECK(span_text(0s) == "0 s");
    CHECK(span_text(12s) == "12 s");
    CHECK(span_text(59s) == "59 s");
    CHECK(span_text(60s) == "1 min");
    CHECK(span_text(5min) == "5 min");
    CHECK(span_text(5min + 59s) == "5 min");
    CHECK(span_text(59min + 59s) == "59 min");
    CHECK(span_text(1h) == "1 h");
    CHECK(span_text(3h + 20min) == "3 h 20 min");
    CHECK(span_text(23h + 59min) == "23 h 59 min");
    CHECK(span_text(24h) == "1 day");
    CHECK(span_text(46h) == "1 day 22 h");
    CHECK(span_text(48h) == "2 days");
    CHECK(span_text(40 * 24h) == "40 days");
}

TEST_CASE("where less than a second matters it is said") {
    CHECK(duration_text(0ms) == "0 ms");
    CHECK(duration_text(300ms) == "300 ms");
    CHECK(duration_text(999ms) == "999 ms");
    CHECK(duration_text(1s) == "1 s");
    CHECK(duration_text(1099ms) == "1 s");
    CHECK(duration_text(1500ms) == "1.5 s");
    CHECK(duration_text(9999ms) == "9.9 s");
    CHECK(duration_text(12'800ms) == "12 s");
    CHECK(duration_text(5min) == "5 min");
}
