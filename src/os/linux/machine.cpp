#include "os/machine.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include "os/linux/check.hpp"
#include "os/linux/read_file.hpp"

namespace once::os {
namespace {

std::uint64_t inode_of(const char* path) {
    struct stat facts {};
    check(::stat(path, &facts), "read {}", path);
    return facts.st_ino;
}

struct Account {
    std::string name, home;
};

// Read from the file itself: getpwuid(3) loads shared libraries for it, which a static program must
// not do. A user from a directory service is not in it; then $HOME has to do.
std::optional<Account> find_account(std::uint32_t user) {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/etc/passwd", "re"), std::fclose);
    if (!file) return std::nullopt;
    while (const passwd* entry = ::fgetpwent(file.get())) {
        if (entry->pw_uid == user) return Account{entry->pw_name, entry->pw_dir};
    }
    return std::nullopt;
}

}  // namespace

std::string boot_id() {
    constexpr auto path = "/proc/sys/kernel/random/boot_id";
    auto text = need_file(path);
    if (text.size() < 36) fail("cannot read {}: it is too short", path);
    text.resize(36);
    return text;
}

std::uint64_t network_namespace() { return inode_of("/proc/self/ns/net"); }
std::uint64_t pid_namespace() { return inode_of("/proc/self/ns/pid"); }
std::uint32_t user_id() { return ::geteuid(); }

std::string user_name(std::uint32_t user) {
    const auto account = find_account(user);
    return account ? account->name : std::to_string(user);
}

std::string home_folder() {
    const auto account = find_account(user_id());
    if (account && account->home.starts_with('/')) return account->home;
    const char* home = std::getenv("HOME");
    return home != nullptr && home[0] == '/' ? home : "";
}

std::uint64_t boot_clock() {
    timespec now{};
    (void)::clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(now.tv_nsec);
}

std::string random_id() {
    std::uint64_t bits = 0;
    // getrandom(2) gives up to 256 bytes whole once the pool is ready; it waits for that at boot.
    check(retry([&] { return ::getrandom(&bits, sizeof bits, 0); }), "make a job id");
    return fmt::format("{:016x}", bits);
}

}  // namespace once::os
