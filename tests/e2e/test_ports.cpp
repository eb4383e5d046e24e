// Sockets that are in the way of a claimed port, or are not.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "holding.hpp"
#include "surroundings.hpp"

using namespace once::test;

namespace {

enum class Reuse { no, yes };

/// A socket of this process, closed with it.
class Socket {
public:
    explicit Socket(Reuse reuse) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int on = reuse == Reuse::yes ? 1 : 0;
        (void)setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    ~Socket() { close(fd_); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    void bind_to(int port) const {
        const sockaddr_in place = local(port);
        REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0);
    }
    void connect_to(int port) const {
        const sockaddr_in place = local(port);
        REQUIRE(connect(fd_, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0);
    }
    /// Asks for a page and reads it to the end, which the server makes.
    std::string get() const {
        const std::string_view request = "GET / HTTP/1.0\r\n\r\n";
        REQUIRE(write(fd_, request.data(), request.size()) > 0);
        std::string answer;
        std::array<char, 256> bytes{};
        for (ssize_t size = 1; size > 0;) {
            size = read(fd_, bytes.data(), bytes.size());
            if (size > 0) answer.append(bytes.data(), static_cast<std::size_t>(size));
        }
        return answer;
    }

private:
    static sockaddr_in local(int port) {
        sockaddr_in place{};
        place.sin_family = AF_INET;
        place.sin_port = htons(static_cast<in_port_t>(port));
        place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return place;
    }

    int fd_;
};

bool is_in_time_wait(int port) {
    std::array<char, 16> place{};
    (void)snprintf(place.data(), place.size(), ":%04X ", static_cast<unsigned>(port));
    const std::string table = whole_file("/proc/self/net/tcp");
    for (auto at = table.find(place.data()); at != std::string::npos;
         at = table.find(place.data(), at + 1)) {
        // local address, remote address, state: TIME_WAIT is 06
        if (table.compare(at + 6 + 14, 2, "06") == 0) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("a socket that is bound and does not listen is named as that", "[ports]") {
    Scenario scene;
    const Socket bound(Reuse::no);
    bound.bind_to(scene.port());
    for (const char* policy : {"--replace", "--refuse", "--reuse", "-w300ms"}) {
        const auto refused = scene.run({"once", policy, "-p", scene.port(), "--", "echo", "ran"});
        CHECK(refused.ending == exited(75));
        CHECK(refused.stdout_text.empty());
        CHECK_THAT(refused.stderr_text, has("port " + std::to_string(scene.port())) &&
                                            has("is bound to it, but does not listen") &&
                                            has(pid_text(getpid())));
    }
}

TEST_CASE("an outgoing connection that uses the port is named as that", "[ports]") {
    Scenario scene;
    const int there = scene.another_port();
    const auto server = scene.launch({"actor", "answer-http", there});
    server.wait_for_output("listening");
    const Socket outgoing(Reuse::no);
    outgoing.bind_to(scene.port());
    outgoing.connect_to(there);
    const auto refused = scene.run({"once", "-p", scene.port(), "--", "echo", "ran"});
    CHECK(refused.ending == exited(75));
    CHECK(refused.stdout_text.empty());
    CHECK_THAT(refused.stderr_text,
               has("has a connection from it to 127.0.0.1 port " + std::to_string(there)) &&
                   has(pid_text(getpid())));
}

TEST_CASE("a socket that lets others bind its port is no obstacle", "[ports]") {
    Scenario scene;
    const auto bound = scene.launch({"actor", "bind-only", scene.port()});
    bound.wait_for_output("bound");
    const auto holder = hold_port(scene);
    CHECK(holder.once.stderr_text().empty());
    CHECK(alive(bound.pid()));
}

TEST_CASE("TIME_WAIT of a server that has ended is no obstacle", "[ports]") {
    Scenario scene;
    const auto server =
        scene.launch({"once", "-p", scene.port(), "--", "actor", "answer-http", scene.port()});
    server.wait_for_output("listening");
    {
        const Socket visitor(Reuse::no);
        visitor.connect_to(scene.port());
        CHECK_THAT(visitor.get(), has("ok"));
    }
    eventually([&] { return is_in_time_wait(scene.port()); }, "the connection lingers");
    const auto next = hold_port(scene);
    CHECK(is_in_time_wait(scene.port()));
    CHECK(server.wait_ending() == killed_by(SIGTERM));
    CHECK(count(next.once.stderr_text(), "\n") == 1);
}

TEST_CASE("who is connected to the port is no holder, and stays", "[ports]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    const auto browser =
        scene.launch({"actor", "connect-from", scene.another_port(), scene.port()});
    browser.wait_for_output("connected");
    const auto next = hold_port(scene);
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
    CHECK(alive(browser.pid()));
    CHECK_FALSE(next.once.ended());
}

TEST_CASE("a connection that an ended job had accepted is no obstacle", "[ports]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    const Socket visitor(Reuse::no);
    visitor.connect_to(scene.port());
    for (int round = 0; round < 3; ++round) (void)hold_port(scene);
    CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("a worker that shares the socket and outlives its master is waited for", "[ports]") {
    Scenario scene;
    const auto first = scene.launch(
        {"once", "-p", scene.port(), "--", "actor", "share-socket", scene.port(), 500});
    const pid_t worker = first.pid_after("shared");
    const auto second = hold_port(scene);
    CHECK_FALSE(alive(worker));
    CHECK(first.wait_ending() == killed_by(SIGTERM));
    CHECK(listener_pids(scene.port()) == std::vector<pid_t>{second.leader});
}

TEST_CASE("the option --wait waits for a stranger's worker that outlives its master",
          "[ports][wait]") {
    Scenario scene;
    const auto stranger = scene.launch({"actor", "share-socket", scene.port(), 300});
    const pid_t worker = stranger.pid_after("shared");
    const auto waiting =
        scene.launch(with_options({"--wait", "-p", scene.port()}, job(scene, scene.port())));
    waiting.wait_for_error("waiting");
    stranger.signal(SIGKILL);
    waiting.wait_for_output("listening");
    CHECK_FALSE(alive(worker));
}

TEST_CASE("a job that listens on another port is told so", "[ports]") {
    Scenario scene;
    const int other = scene.another_port();
    const auto once = scene.launch({"once", "-p", scene.port(), "--", "actor", "listen", other});
    once.wait_for_error("listens on port " + std::to_string(other) + ", not on " +
                        std::to_string(scene.port()));
    CHECK_FALSE(once.ended());
}

TEST_CASE("a job may listen on any address of any family, in any of its processes", "[ports]") {
    Scenario scene;
    for (const char* address : {"127.0.0.1", "0.0.0.0", "::1", "::", "127.0.0.2"}) {
        const auto once =
            scene.launch({"once", "-p", scene.port(), "--", "sh", "-c",
                          "sh -c 'actor listen $PORT " + std::string(address) + "; :'; :"});
        once.wait_for_output("listening");
        const auto reused = scene.run({"once", "--reuse", "-p", scene.port(), "--", "false"});
        CHECK(reused.ending == exited(0));
        CHECK_FALSE(once.ended());
        once.signal(SIGTERM);
        (void)once.wait_ending();
    }
}

TEST_CASE("a listener in another network namespace is nobody's obstacle", "[ports]") {
    if (!is_root_or_warn("make a network namespace")) return;
    Scenario scene;
    const auto elsewhere =
        scene.launch({"unshare", "--net", "sh", "-c",
                      "ip link set lo up; exec once -p " + std::to_string(scene.port()) +
                          " -- actor lock elsewhere " + std::to_string(scene.port())});
    elsewhere.wait_for_output("listening");
    const auto here = hold_port(scene);
    CHECK(here.once.stderr_text().empty());
    CHECK_FALSE(elsewhere.ended());
    eventually([&] { return state_files(scene, ".json").size() == 2; }, "both have a record");
    const auto next = hold_port(scene);
    CHECK(here.once.wait_ending() == killed_by(SIGTERM));
    CHECK_FALSE(elsewhere.ended());
}

TEST_CASE("a job with ports of another network namespace is neither meant by a port, nor touched",
          "[ports][stop]") {
    if (!is_root_or_warn("make a network namespace")) return;
    Scenario scene;
    const auto elsewhere =
        scene.launch({"unshare", "--net", "sh", "-c",
                      "ip link set lo up; exec once -n api -p " + std::to_string(scene.port()) +
                          " -- actor lock elsewhere " + std::to_string(scene.port())});
    elsewhere.wait_for_output("listening");
    eventually([&] { return state_files(scene, ".json").size() == 2; }, "it has its records");
    CHECK(scene.run({"once", "stop", scene.port()}).ending == exited(1));
    CHECK(scene.run({"once", "restart", scene.port()}).ending == exited(1));
    const auto here = hold_port(scene);
    for (const char* verb : {"stop", "restart"}) {
        const auto named = scene.run({"once", verb, "api"});
        CHECK(named.ending == exited(75));
        CHECK_THAT(named.stderr_text, has("in another container or network namespace"));
    }
    CHECK_FALSE(here.once.ended());
    const auto all = scene.run({"once", "stop", "--all"});
    CHECK(all.ending == exited(0));
    CHECK_THAT(all.stderr_text, has("in another container or network namespace, so it is left"));
    CHECK(here.once.wait_ending() == killed_by(SIGTERM));
    CHECK_FALSE(elsewhere.ended());
}
