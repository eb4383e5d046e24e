#include "surroundings.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "catch.hpp"

namespace once::test {

namespace fs = std::filesystem;

namespace {

/// What `once` reads or gives, and what would make its answers depend on who runs the tests.
constexpr const char* not_inherited[] = {"ONCE",
                                         "ONCE_POLICY",
                                         "ONCE_STATE_DIR",
                                         "ONCE_JOB",
                                         "ONCE_PORTS",
                                         "ONCE_NAME",
                                         "PORT",
                                         "NO_COLOR",
                                         "XDG_STATE_HOME",
                                         "TERM",
                                         "LC_ALL",
                                         "LANG",
                                         "npm_config_user_agent",
                                         "pm_id",
                                         "INVOCATION_ID",
                                         "HISTFILE",
                                         "ENV",
                                         "BASH_ENV"};

}  // namespace

std::map<std::string, std::string> inherited_environment() {
    std::map<std::string, std::string> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view whole = *entry;
        const auto equals = whole.find('=');
        if (equals == std::string_view::npos) continue;
        environment[std::string(whole.substr(0, equals))] = whole.substr(equals + 1);
    }
    for (const char* name : not_inherited) environment.erase(name);
    environment["LC_ALL"] = "C.UTF-8";
    environment["TERM"] = "dumb";
    return environment;
}

int free_port() {
    // Port 0 lets the kernel choose; bound to all addresses at once, it is free on each.
    const int any = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    socklen_t size = sizeof place;
    const bool bound = any >= 0 &&
                       bind(any, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0 &&
                       getsockname(any, reinterpret_cast<sockaddr*>(&place), &size) == 0;
    if (any >= 0) close(any);
    if (!bound) FAIL("no free port: " << strerror(errno));
    return ntohs(place.sin_port);
}

fs::path program(const char* override_by, const char* built) {
    const char* other = override_by != nullptr ? getenv(override_by) : nullptr;
    return fs::absolute(other != nullptr ? other : built);
}

std::string whole_file(const fs::path& path) {
    std::string text;
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return text;
    char bytes[16384];
    for (;;) {
        const ssize_t size = read(file, bytes, sizeof bytes);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) break;
        text.append(bytes, static_cast<std::size_t>(size));
    }
    close(file);
    return text;
}

void remove_whole(const fs::path& root) {
    std::error_code ignored;  // a test may have left folders that even we cannot enter
    for (auto entry = fs::recursive_directory_iterator(
             root, fs::directory_options::skip_permission_denied, ignored);
         entry != fs::recursive_directory_iterator(); entry.increment(ignored)) {
        if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) {
            fs::permissions(entry->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
        }
    }
    fs::remove_all(root, ignored);
}

}  // namespace once::test
