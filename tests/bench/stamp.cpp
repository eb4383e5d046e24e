// A leader that says when it runs and when it ends: appends "start NANOSECONDS" and "end
// NANOSECONDS" to the file that it is given, listens on $PORT in between, and ends at the first
// TERM or INT.

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

void stamp(int file, const char* word) {
    timespec now{};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)dprintf(file, "%s %lld\n", word, now.tv_sec * 1'000'000'000LL + now.tv_nsec);
}

void listen_on(const char* port) {
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    (void)setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<in_port_t>(atoi(port)));
    if (bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
        listen(server, 16) < 0) {
        perror("listen");
        exit(1);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const int file = open(argv[1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return 1;
    sigset_t ends;
    sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &ends, nullptr);
    stamp(file, "start");
    if (const char* port = getenv("PORT")) listen_on(port);
    int signal = 0;
    (void)sigwait(&ends, &signal);
    stamp(file, "end");
    _exit(0);
}
