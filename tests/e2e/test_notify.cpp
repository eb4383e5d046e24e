// NOTIFY_SOCKET: a once that a service manager has started tells it when the job is ready.

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "background.hpp"
#include "holding.hpp"

using namespace once::test;

namespace {

/// What a service manager listens on. `@` stands for the zero byte of an abstract name.
class NotifySocket {
public:
    explicit NotifySocket(const std::string& name)
        : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        REQUIRE(name.size() < sizeof address.sun_path);
        name.copy(address.sun_path, name.size());
        if (name.front() == '@') address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        const int on = 1;
        REQUIRE(setsockopt(socket_, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
        REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    }
    ~NotifySocket() { close(socket_); }
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;

    /// All that came since the last look, `|` after each word.
    std::string words() {
        std::string all;
        char word[256];
        char control[CMSG_SPACE(sizeof(ucred))];
        iovec part{word, sizeof word};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        while (true) {
            message.msg_control = control;
            message.msg_controllen = sizeof control;
            const auto size = recvmsg(socket_, &message, 0);
            if (size < 0) return all;
            all.append(word, static_cast<std::size_t>(size)).append("|");
            const auto* sent_by = CMSG_FIRSTHDR(&message);
            REQUIRE(sent_by != nullptr);
            ucred who{};
            std::memcpy(&who, CMSG_DATA(sent_by), sizeof who);
            sender_ = who.pid;
        }
    }
    /// Of the last word. systemd listens to the main process of a unit alone (NotifyAccess=main).
    pid_t sender() const { return sender_; }

private:
    int socket_;
    pid_t sender_ = 0;
};

void check_told_when_ready(Scenario& scene, const std::string& name, const Command& options) {
    NotifySocket manager(name);
    scene.set("NOTIFY_SOCKET", name);
    const auto gate = make_gate(scene, "gate-" + std::to_string(options.size()));
    Command all{"-p", scene.port(), "--ready"};
    all.insert(all.end(), options.begin(), options.end());
    const auto once =
        scene.launch(with_options(all, {"sh", "-c",
                                        "read line < " + gate.string() + "; exec actor listen " +
                                            std::to_string(scene.port())}));
    wait_until_state(scene, scene.port(), "starting");
    CHECK(manager.words().empty());
    open_gate(gate);
    std::string told;
    eventually([&] { return !(told += manager.words()).empty(); }, "the manager is told");
    CHECK(told == "READY=1|");
    CHECK(manager.sender() == status_pid(scene, scene.port(), "once"));
    CHECK(listening(scene.port()));
    stop(scene, scene.port());
    (void)once.wait_ending();
    CHECK(manager.words().empty());
}

}  // namespace

TEST_CASE("when the job is ready NOTIFY_SOCKET is told so, and not before", "[ready]") {
    Scenario scene;
    check_told_when_ready(scene, (scene.folder() / "notify").string(), {});
}

TEST_CASE("a NOTIFY_SOCKET may have an abstract name, and --detach changes nothing", "[ready]") {
    Scenario scene;
    const auto name = "@once-e2e-" + std::to_string(getpid());
    check_told_when_ready(scene, name, {});
    check_told_when_ready(scene, name, {"-d"});
}

TEST_CASE("without --ready NOTIFY_SOCKET is the job's own affair", "[ready]") {
    Scenario scene;
    const auto name = (scene.folder() / "notify").string();
    NotifySocket manager(name);
    scene.set("NOTIFY_SOCKET", name);
    const auto once =
        scene.launch({"once", "-p", scene.port(), "--", "actor", "listen", scene.port()});
    wait_until_state(scene, scene.port(), "ready");
    once.signal(SIGTERM);
    CHECK(once.wait_ending() == killed_by(SIGTERM));
    CHECK(manager.words().empty());
}

TEST_CASE("a NOTIFY_SOCKET that nobody listens on does no harm", "[ready]") {
    Scenario scene;
    for (const char* name : {"/nowhere/notify", "@once-e2e-nobody", "relative", "", "@"}) {
        scene.set("NOTIFY_SOCKET", name);
        const auto once = scene.launch(
            {"once", "-p", scene.port(), "--ready", "--", "actor", "listen", scene.port()});
        wait_until_state(scene, scene.port(), "ready");
        once.signal(SIGTERM);
        CHECK(once.wait_ending() == killed_by(SIGTERM));
        CHECK(once.stderr_text().empty());
    }
}
