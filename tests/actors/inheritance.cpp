// Actors that tell what they were given: environment, descriptors, signals, stdin, a terminal.

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>

#include "actors.hpp"

namespace once::test {

int print_environment(const Arguments& words) {
    announce();
    for (const std::string& name : words) {
        const char* value = getenv(name.c_str());
        say(value != nullptr ? name + "=" + value : name + " unset");
    }
    return 0;
}

int print_descriptors(const Arguments&) {
    announce();
    DIR* folder = opendir("/proc/self/fd");
    if (folder == nullptr) return 70;
    std::map<int, std::string> descriptors;
    while (const dirent* entry = readdir(folder)) {
        if (entry->d_name[0] == '.') continue;
        const int fd = number(entry->d_name);
        if (fd == dirfd(folder)) continue;
        char target[4096];
        const ssize_t size = readlinkat(dirfd(folder), entry->d_name, target, sizeof target);
        descriptors[fd] = size < 0 ? "?" : std::string(target, static_cast<std::size_t>(size));
    }
    closedir(folder);
    for (const auto& [fd, target] : descriptors) say("fd " + std::to_string(fd) + " -> " + target);
    return 0;
}

int print_dispositions(const Arguments&) {
    announce();
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("Sig", 0) == 0 && line.rfind("SigQ", 0) != 0) say(line);
    }
    return 0;
}

int print_relations(const Arguments&) {
    announce();
    const int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    say("parent " + std::to_string(getppid()));
    say("group " + std::to_string(getpgrp()));
    say("session " + std::to_string(getsid(0)));
    say("foreground " + (tty < 0 ? std::string("none") : std::to_string(tcgetpgrp(tty))));
    return 0;
}

int copy_stdin(const Arguments&) {
    announce();
    char bytes[65536];
    for (;;) {
        const ssize_t size = read(STDIN_FILENO, bytes, sizeof bytes);
        if (size == 0) return 0;
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return 1;
        for (ssize_t done = 0; done < size;) {
            const auto left = static_cast<std::size_t>(size - done);
            const ssize_t some = write(STDOUT_FILENO, bytes + done, left);
            if (some < 0 && errno != EINTR) return 1;
            if (some > 0) done += some;
        }
    }
}

int read_line(const Arguments&) {
    announce();
    std::string line;
    for (char letter = 0;;) {
        const ssize_t size = read(STDIN_FILENO, &letter, 1);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) {
            say(std::string("cannot read: ") + strerror(errno));
            return 1;
        }
        if (size == 0) {
            say("end of input");
            return 0;
        }
        if (letter == '\n') break;
        line += letter;
    }
    say("line: " + line);
    return 0;
}

int hold_terminal(const Arguments&) {
    announce();
    termios modes{};
    if (tcgetattr(STDIN_FILENO, &modes) != 0) {
        say("no terminal");
        return 1;
    }
    cfmakeraw(&modes);
    tcsetattr(STDIN_FILENO, TCSANOW, &modes);
    say("holding");
    wait_for_ever();
}

namespace {

/// The proof that two jobs never run at once: the second of them says so and exits with 99.
int lock_alone(const std::string& path) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return 70;
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        say("second");
        return 99;
    }
    say("locked");
    return 0;
}

}  // namespace

int hold_lock(const Arguments& words) {
    announce();
    if (const int status = lock_alone(needed(words, 0, "FILE"))) return status;
    listen_if_asked(words, 1);
    wait_for_ever();
}

int hold_lock_briefly(const Arguments& words) {
    announce();
    if (const int status = lock_alone(needed(words, 0, "FILE"))) return status;
    wait_for_milliseconds(2);
    return 0;
}

}  // namespace once::test
