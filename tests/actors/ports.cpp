// Actors that hold a port, each in its own way.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "actors.hpp"

namespace once::test {

int listen_until_ended(const Arguments& words) {
    const int port = number(needed(words, 0, "PORT"));
    announce();
    (void)listen_on(port, words.size() > 1 ? words[1] : "127.0.0.1");
    wait_for_ever();
}

/// Two sockets: 127.0.0.1 and ::1.
int listen_on_both_families(const Arguments& words) {
    const int port = number(needed(words, 0, "PORT"));
    announce();
    (void)listen_on(port, "127.0.0.1");
    (void)listen_on(port, "::1");
    say("both");
    wait_for_ever();
}

/// Says how the command has ended, and listens on.
int listen_and_run(const Arguments& words) {
    const int port = number(needed(words, 0, "PORT"));
    (void)needed(words, 1, "COMMAND");
    announce();
    (void)listen_on(port);
    const pid_t child = fork_or_end();
    if (child == 0) {
        std::vector<char*> argv;
        for (std::size_t i = 1; i < words.size(); ++i) {
            argv.push_back(const_cast<char*>(words[i].c_str()));
        }
        argv.push_back(nullptr);
        execvp(argv.front(), argv.data());
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    say("status " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -1));
    wait_for_ever();
}

int listen_and_stop_slowly(const Arguments& words) {
    const int port = number(needed(words, 0, "PORT"));
    const int duration = number(needed(words, 1, "MILLISECONDS"));
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGHUP);
    sigprocmask(SIG_BLOCK, &ends, nullptr);  // before `ready`: from there on a TERM is answered
    announce();
    (void)listen_on(port);
    int signal = 0;
    sigwait(&ends, &signal);
    say("stopping");
    wait_for_milliseconds(duration);
    say("stopped");
    return 0;
}

int ignore_term(const Arguments& words) {
    ::signal(SIGTERM, SIG_IGN);
    announce();
    listen_if_asked(words, 0);
    wait_for_ever();
}

int bind_only(const Arguments& words) {
    const int port = number(needed(words, 0, "PORT"));
    announce();
    const bool alone = words.size() > 2 && words[2] == "alone";
    (void)bind_to(port, words.size() > 1 ? words[1] : "127.0.0.1", alone);
    say("bound " + std::to_string(port));
    wait_for_ever();
}

int connect_from(const Arguments& words) {
    const int port = number(needed(words, 0, "PORT"));
    const int to_port = number(needed(words, 1, "TO_PORT"));
    announce();
    const bool alone = words.size() > 2 && words[2] == "alone";
    const int fd = bind_to(port, "127.0.0.1", alone);
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(static_cast<in_port_t>(to_port));
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) {
        say(std::string("cannot connect: ") + strerror(errno));
        return 1;
    }
    say("connected " + std::to_string(port));
    wait_for_ever();
}

/// With HOLD_MILLISECONDS the child keeps the socket that much longer than its parent lives, as a
/// worker process does that is not told of its master's end.
int share_socket(const Arguments& words) {
    const int port = number(needed(words, 0, "PORT"));
    const int hold = words.size() > 1 ? number(words[1]) : -1;
    int parent_lives[2];
    if (pipe(parent_lives) != 0) return 70;
    announce();
    (void)listen_on(port);
    const pid_t child = fork_or_end();
    if (child == 0) {
        if (hold < 0) wait_for_ever();
        ::signal(SIGTERM, SIG_IGN);
        close(parent_lives[1]);
        pollfd end_of_file{.fd = parent_lives[0], .events = POLLIN, .revents = 0};
        while (poll(&end_of_file, 1, -1) < 0 && errno == EINTR) continue;
        wait_for_milliseconds(hold);
        _exit(0);
    }
    say("shared " + std::to_string(child));
    wait_for_ever();
}

/// A server that lives on without its socket.
int listen_until_signal(const Arguments& words) {
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, signal_number(needed(words, 0, "SIGNAL")));
    const int port = number(needed(words, 1, "PORT"));
    sigprocmask(SIG_BLOCK, &end, nullptr);
    announce();
    const int listener = listen_on(port);
    (void)sigwaitinfo(&end, nullptr);
    close(listener);
    say("closed " + std::to_string(port));
    wait_for_ever();
}

/// Answers the first request with the first status, and so on; the last one stays.
int answer_http(const Arguments& words) {
    const int port = number(needed(words, 0, "PORT"));
    std::size_t next = 1;
    ::signal(SIGPIPE, SIG_IGN);
    announce();
    const int listener = listen_on(port);
    for (;;) {
        const int visitor = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (visitor < 0) continue;
        char request[4096];
        const ssize_t size = read(visitor, request, sizeof request);
        if (size > 0) say(std::string(request, strcspn(request, "\r\n")));
        const std::string status = next < words.size() ? words[next] : "200";
        if (next + 1 < words.size()) ++next;
        const std::string answer =
            "HTTP/1.1 " + status + " Said So\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
        (void)!write(visitor, answer.data(), answer.size());
        close(visitor);
    }
}

}  // namespace once::test
