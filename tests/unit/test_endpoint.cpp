#include "catch.hpp"
#include "job/endpoint.hpp"

using once::job::Endpoint;
using once::job::parse_endpoint;

namespace {

Endpoint accepted(const std::string& text) {
    CAPTURE(text);
    auto parsed = parse_endpoint(text);
    REQUIRE(std::holds_alternative<Endpoint>(parsed));
    CHECK(std::get<Endpoint>(parsed).text == text);
    return std::get<Endpoint>(parsed);
}

void check_address(const std::string& text, const std::string& host, int port) {
    const auto endpoint = accepted(text);
    CAPTURE(text);
    CHECK(endpoint.host == host);
    CHECK(endpoint.port == port);
}

void check_refused(const std::string& text, const std::string& part) {
    CAPTURE(text);
    const auto parsed = parse_endpoint(text);
    REQUIRE(std::holds_alternative<std::string>(parsed));
    CAPTURE(std::get<std::string>(parsed));
    CHECK(std::get<std::string>(parsed).find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("a TCP endpoint is a host and a port") {
    check_address("tcp:localhost:6379", "localhost", 6379);
    check_address("tcp://db.example.com:5432", "db.example.com", 5432);
    check_address("tcp:10.0.0.1:1", "10.0.0.1", 1);
    check_address("tcp:my_db-2:65535", "my_db-2", 65535);
    CHECK(accepted("tcp:localhost:6379").kind == Endpoint::Kind::tcp);
}

TEST_CASE("an IPv6 address stands in brackets") {
    check_address("tcp:[::1]:6379", "::1", 6379);
    check_address("tcp:[fe80::1%eth0]:80", "fe80::1%eth0", 80);
    check_address("http://[::1]:3000/", "::1", 3000);
    check_address("http://[::ffff:10.0.0.1]", "::ffff:10.0.0.1", 80);
    check_refused("tcp:::1:6379", "brackets");
    check_refused("tcp:[::1:6379", "brackets");
    check_refused("tcp:[localhost]:80", "brackets");
    check_refused("tcp:[::1%]:80", "brackets");
    check_refused("tcp:[::1]6379", "port");
}

TEST_CASE("an http endpoint is a host, with port 80 and the path / where none is said") {
    check_address("http://localhost", "localhost", 80);
    check_address("http://localhost:3000/health", "localhost", 3000);
    CHECK(accepted("http://localhost").kind == Endpoint::Kind::http);
    CHECK(accepted("http://localhost").path == "/");
    CHECK(accepted("http://localhost/a/b?c=d&e=/f").path == "/a/b?c=d&e=/f");
    CHECK(accepted("http://localhost?c=d").path == "/?c=d");
    CHECK(accepted("http://localhost/a#b").path == "/a");
    CHECK(accepted("http://localhost/a@b:c").path == "/a@b:c");
}

TEST_CASE("a file endpoint is a path of any bytes") {
    const auto file = accepted("file:some where/it's");
    CHECK(file.kind == Endpoint::Kind::file);
    CHECK(file.path == "some where/it's");
    CHECK(accepted("file:/tmp/x").path == "/tmp/x");
    check_refused("file:", "file:PATH");
}

TEST_CASE("an endpoint of another kind is told what there is") {
    for (const char* text :
         {"", "localhost:6379", "udp:localhost:53", "http:localhost", "http", "TCP:a:1"}) {
        check_refused(text, "tcp:HOST:PORT");
    }
}

TEST_CASE("an https endpoint is refused, and told what to do instead") {
    check_refused("https://localhost:8443/", "plain http only");
    check_refused("https://localhost:8443/", "tcp:");
}

TEST_CASE("an endpoint without a proper port is told so") {
    for (const char* text :
         {"tcp:localhost", "tcp:localhost:", "tcp:localhost:0", "tcp:localhost:65536",
          "tcp:localhost:80x", "tcp:localhost:-1", "tcp:localhost:+1",
          "http://localhost:", "http://localhost:http/", "tcp:localhost:80/"}) {
        check_refused(text, "port");
    }
}

TEST_CASE("a user or a password is never sent") {
    check_refused("http://me:secret@localhost/", "password");
    check_refused("tcp:me@localhost:80", "password");
}

TEST_CASE("nothing can be smuggled into a request, nor into a command line") {
    check_refused("http://localhost/a b", "%20");
    check_refused("http://localhost/\r\nX: y", "%20");
    check_refused(std::string("http://localhost/\0", 18), "%20");
    check_refused("http://localhost/\x7f", "%20");
    check_refused("http://localhost/caf\xc3\xa9", "%20");
    check_refused("http://local\r\nhost/", "host");
    check_refused("http:///path", "host");
    check_refused("tcp:-x:80", "host");
    check_refused("tcp:a b:80", "host");
    check_refused("tcp::80", "host");
    check_refused("tcp:" + std::string(254, 'a') + ":80", "host");
}
