#include "stage.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>

namespace once::test {

namespace {

[[noreturn]] void failed(std::string_view what) {
    const std::string line = "actor: cannot " + std::string(what) + ": " + strerror(errno) + "\n";
    (void)!write(STDERR_FILENO, line.data(), line.size());
    _exit(70);
}

}  // namespace

void say(std::string_view line) {
    const std::string whole = std::string(line) + "\n";
    (void)!write(STDOUT_FILENO, whole.data(), whole.size());
}

void announce() { say("ready " + std::to_string(getpid())); }

void misused(std::string_view why) {
    const std::string line = "actor: " + std::string(why) + "\n";
    (void)!write(STDERR_FILENO, line.data(), line.size());
    _exit(64);
}

const std::string& needed(const Arguments& words, std::size_t place, std::string_view what) {
    if (place >= words.size()) misused(std::string(what) + " is missing");
    return words[place];
}

int number(std::string_view text) {
    int value = 0;
    const char* end = text.data() + text.size();
    const auto [stopped_at, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stopped_at != end) misused(std::string(text) + " is no number");
    return value;
}

int signal_number(std::string_view text) {
    if (!text.empty() && text.front() >= '0' && text.front() <= '9') return number(text);
    if (text.substr(0, 3) == "SIG") text.remove_prefix(3);
    for (int signal = 1; signal < NSIG; ++signal) {
        const char* name = sigabbrev_np(signal);
        if (name != nullptr && text == name) return signal;
    }
    misused(std::string(text) + " is no signal");
}

std::string signal_name(int signal) {
    if (const char* name = sigabbrev_np(signal); name != nullptr) return std::string("SIG") + name;
    return "SIGRTMIN+" + std::to_string(signal - SIGRTMIN);
}

void wait_for_ever() {
    for (;;) pause();
}

void wait_for_milliseconds(int duration) {
    using Clock = std::chrono::steady_clock;
    const auto until = Clock::now() + std::chrono::milliseconds(duration);
    for (auto now = Clock::now(); now < until; now = Clock::now()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
        (void)poll(nullptr, 0, static_cast<int>(left.count()));
    }
}

pid_t fork_or_end() {
    const pid_t pid = fork();
    if (pid < 0) failed("fork");
    return pid;
}

int bind_to(int port, const std::string& address, bool alone) {
    sockaddr_storage place{};
    socklen_t size = 0;
    const auto wanted = htons(static_cast<in_port_t>(port));
    if (address.find(':') != std::string::npos) {
        auto* v6 = reinterpret_cast<sockaddr_in6*>(&place);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = wanted;
        size = sizeof *v6;
        if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) != 1) misused("not an address");
    } else {
        auto* v4 = reinterpret_cast<sockaddr_in*>(&place);
        v4->sin_family = AF_INET;
        v4->sin_port = wanted;
        size = sizeof *v4;
        if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) != 1) misused("not an address");
    }
    const int fd = socket(place.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) failed("make a socket");
    const int reuse = alone ? 0 : 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) != 0)
        failed("set SO_REUSEADDR");
    if (bind(fd, reinterpret_cast<const sockaddr*>(&place), size) != 0) {
        failed("bind " + address + " port " + std::to_string(port));
    }
    return fd;
}

int listen_on(int port, const std::string& address) {
    const int fd = bind_to(port, address);
    if (listen(fd, 16) != 0) failed("listen on port " + std::to_string(port));
    say("listening " + std::to_string(port));
    return fd;
}

void listen_if_asked(const Arguments& words, std::size_t place) {
    if (place < words.size()) (void)listen_on(number(words[place]));
}

}  // namespace once::test
