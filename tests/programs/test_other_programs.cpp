// Servers of the Python world, and one in C. Their interpreters come from the system, not from
// whatever a person has put before it in PATH.

#include "catch.hpp"
#include "life.hpp"

using namespace once::test;

namespace {

Program python(std::vector<std::string> command, std::string farewell) {
    const std::string path = command.front();
    return {.command = std::move(command),
            .needs = {path},
            .project = "python",
            .farewell = std::move(farewell)};
}

const Program uvicorn =
    python({"/usr/bin/uvicorn", "asgi:app", "--port", "PORT"}, "Finished server");
const Program uvicorn_reload =
    python({"/usr/bin/uvicorn", "asgi:app", "--port", "PORT", "--reload"}, "Stopping reloader");
// It takes its port from PORT, which once gives it.
const Program gunicorn = {.command = {"/usr/bin/gunicorn", "-w", "2", "wsgi:app"},
                          .needs = {"/usr/bin/gunicorn"},
                          .project = "python",
                          .greeting = "the app is loaded",
                          .greetings = 2,
                          .farewell = "Shutting down: Master"};
const Program flask = python({"/usr/bin/flask", "--app", "wsgi", "run", "-p", "PORT"}, "");
const Program flask_debug =
    python({"/usr/bin/flask", "--app", "wsgi", "--debug", "run", "-p", "PORT"}, "");
const Program http_server =
    python({"/usr/bin/python3", "-m", "http.server", "PORT"}, "Keyboard interrupt");
const Program redis = python({"/usr/bin/redis-server", "--port", "PORT"}, "bye bye");

}  // namespace

TEST_CASE("uvicorn is wholly ended", "[programs]") { check_life(uvicorn); }
TEST_CASE("uvicorn stops in order at a Ctrl-C", "[programs][terminal]") { check_ctrl_c(uvicorn); }

TEST_CASE("uvicorn --reload is wholly ended", "[programs]") { check_life(uvicorn_reload); }
TEST_CASE("uvicorn --reload stops in order at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(uvicorn_reload);
}

TEST_CASE("gunicorn with two workers is wholly ended", "[programs]") { check_life(gunicorn); }
TEST_CASE("gunicorn with two workers stops in order at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(gunicorn);
}

TEST_CASE("flask run is wholly ended", "[programs]") { check_life(flask); }
TEST_CASE("flask run stops in order at a Ctrl-C", "[programs][terminal]") { check_ctrl_c(flask); }

TEST_CASE("flask run with its reloader is wholly ended", "[programs]") { check_life(flask_debug); }
TEST_CASE("flask run with its reloader stops in order at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(flask_debug);
}

TEST_CASE("http.server is wholly ended", "[programs]") { check_life(http_server); }
TEST_CASE("http.server stops in order at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(http_server);
}

TEST_CASE("redis-server is wholly ended", "[programs]") { check_life(redis); }
TEST_CASE("redis-server stops in order at a Ctrl-C", "[programs][terminal]") {
    check_ctrl_c(redis);
}
