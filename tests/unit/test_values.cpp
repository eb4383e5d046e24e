#include <csignal>
#include <string>

#include "catch.hpp"
#include "cli/values.hpp"

using namespace once::cli;
using namespace std::chrono_literals;

TEST_CASE("a number is whole, has no sign, and lies within its bounds") {
    CHECK(parse_number("0", 0, 255) == 0);
    CHECK(parse_number("255", 0, 255) == 255);
    CHECK(parse_number("007", 0, 255) == 7);
    for (const char* text : {"", " ", "256", "-1", "-0", "+1", "1 ", " 1", "1.0", "1e2", "0x10",
                             "ten", "1\n", "99999999999999999999", "9223372036854775808"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_number(text, 0, 255));
    }
    CHECK_FALSE(parse_number(std::string_view("1\0", 2), 0, 255));
    CHECK_FALSE(parse_number("4", 5, 9));
}

TEST_CASE("a duration has a unit, or is in seconds") {
    CHECK(parse_duration("500ms") == 500ms);
    CHECK(parse_duration("5s") == 5s);
    CHECK(parse_duration("5") == 5s);
    CHECK(parse_duration("2m") == 2min);
    CHECK(parse_duration("1h") == 1h);
    CHECK(parse_duration("0") == 0ms);
    CHECK(parse_duration("0ms") == 0ms);
}

TEST_CASE("a duration that makes no sense is not taken") {
    for (const char* text : {"", "s", "ms", "h", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1S",
                             "1d", "1ms1s", "5 ", "1e3", "five", "1sec", "0x1s"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("a duration that no clock could hold is not taken") {
    CHECK(parse_duration("87600h") == 87600h);
    for (const char* text : {"9223372036854775807", "9223372036854775807h", "9223372036854775807ms",
                             "99999999999999999999s", "18446744073709551617", "2562047788015h"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("a size has a unit of 1024 steps, or is in bytes") {
    CHECK(parse_size("0") == 0U);
    CHECK(parse_size("1500") == 1500U);
    CHECK(parse_size("64K") == 65536U);
    CHECK(parse_size("512M") == 512U * 1024 * 1024);
    CHECK(parse_size("1G") == 1024U * 1024 * 1024);
    CHECK(parse_size("1048576G") == std::uint64_t{1} << 50U);
}

TEST_CASE("a size that makes no sense, or that no machine has, is not taken") {
    for (const char* text : {"",
                             "K",
                             "-1M",
                             "+1M",
                             "1.5G",
                             "1 G",
                             " 1G",
                             "1G ",
                             "1g",
                             "1GBB",
                             "1B",
                             "1KiB",
                             "1T",
                             "1M1K",
                             "0x1K",
                             "1e3",
                             "1048577G",
                             "9223372036854775807K",
                             "18446744073709551617",
                             "99999999999999999999G"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text));
    }
}

TEST_CASE("a port is a number from 1 to 65535") {
    CHECK(parse_port("1") == 1);
    CHECK(parse_port("8001") == 8001);
    CHECK(parse_port("65535") == 65535);
    for (const char* text : {"", "0", "65536", "70000", "-1", "+80", "80 ", "http", "8001x",
                             "4294967297", "18446744073709551617"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_port(text));
    }
}

TEST_CASE("a signal is known by its name, with or without SIG, and by its number") {
    CHECK(parse_signal("TERM") == SIGTERM);
    CHECK(parse_signal("SIGTERM") == SIGTERM);
    CHECK(parse_signal("15") == SIGTERM);
    CHECK(parse_signal("INT") == SIGINT);
    CHECK(parse_signal("SIGHUP") == SIGHUP);
    CHECK(parse_signal("QUIT") == SIGQUIT);
    CHECK(parse_signal("9") == SIGKILL);
    CHECK(parse_signal("USR2") == SIGUSR2);
}

TEST_CASE("a signal that ends nobody is no stop signal") {
    for (const char* text : {"", "0", "SIG", "CHLD", "SIGCHLD", "17", "STOP", "CONT", "WINCH", "65",
                             "-15", "SIGSIGTERM", "TERM ", "SIG15x", "999999999999"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_signal(text));
    }
}
