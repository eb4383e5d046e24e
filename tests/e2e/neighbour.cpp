#include "neighbour.hpp"

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "catch.hpp"

namespace once::test {

namespace fs = std::filesystem;

fs::path copy_for_others(Scenario& scene, const fs::path& original, const std::string& name) {
    auto copy = scene.folder() / name;
    fs::copy_file(original, copy);
    for (const auto& open : {scene.folder().parent_path(), scene.folder(), copy}) {
        REQUIRE(chmod(open.c_str(), 0755) == 0);
    }
    return copy;
}

Command as_neighbour(const Command& command) {
    Command all{"setpriv", "--reuid",       neighbours_user,
                "--regid", neighbours_user, "--clear-groups"};
    all.insert(all.end(), command.begin(), command.end());
    return all;
}

fs::path public_folder(Scenario& scene, const std::string& name) {
    auto folder = scene.another_folder(name);
    REQUIRE(chmod(folder.c_str(), 01777) == 0);
    REQUIRE(chmod(folder.parent_path().c_str(), 0755) == 0);
    return folder;
}

void give_away(const fs::path& path) {
    REQUIRE(lchown(path.c_str(), neighbours_user, neighbours_user) == 0);
}

Neighbour::Neighbour(Scenario& scene, const std::function<void()>& deed) : pid_(fork()) {
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
        if (setgroups(0, nullptr) != 0 || setgid(neighbours_user) != 0 ||
            setuid(neighbours_user) != 0) {
            _exit(1);
        }
        deed();
        for (;;) pause();
    }
    scene.forgive(pid_);
}

Neighbour::~Neighbour() {
    (void)kill(pid_, SIGKILL);
    (void)waitpid(pid_, nullptr, 0);
}

int listen_as_neighbour(int port, const char* address, bool shares) {
    const bool is_v6 = std::strchr(address, ':') != nullptr;
    const int own = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    if (shares) (void)setsockopt(own, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    sockaddr_storage place{};
    socklen_t size = sizeof(sockaddr_in);
    if (is_v6) {
        auto& six = reinterpret_cast<sockaddr_in6&>(place);
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(static_cast<in_port_t>(port));
        (void)inet_pton(AF_INET6, address, &six.sin6_addr);
        size = sizeof six;
    } else {
        auto& four = reinterpret_cast<sockaddr_in&>(place);
        four.sin_family = AF_INET;
        four.sin_port = htons(static_cast<in_port_t>(port));
        (void)inet_pton(AF_INET, address, &four.sin_addr);
    }
    if (bind(own, reinterpret_cast<const sockaddr*>(&place), size) != 0 || listen(own, 8) != 0) {
        _exit(1);
    }
    return own;
}

}  // namespace once::test
