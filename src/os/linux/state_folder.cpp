#include "os/state_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "os/linux/check.hpp"
#include "os/linux/read_file.hpp"
#include "os/machine.hpp"

namespace once::os {
namespace {

// One fixed name beside the file that is written anew: only the holder of the slot writes, and a
// crash leaves one file only.
constexpr const char* fresh_suffix = ".new";

constexpr mode_t writable_by_others = S_IWGRP | S_IWOTH;

// Takes and gives: a folder is ours to use, or the Failure that says why not.
void prove_ours(const Handle& folder, const std::string& path) {
    struct stat facts {};
    check(::fstat(descriptor(folder), &facts), "look at the state folder '{}'", path);
    if (facts.st_uid != user_id()) {
        fail(
            "the state folder '{}' belongs to {}, not to {}; set ONCE_STATE_DIR to a folder of "
            "your own",
            path, user_name(facts.st_uid), user_name(user_id()));
    }
    if ((facts.st_mode & writable_by_others) != 0) {
        fail(
            "the state folder '{}' can be written by others; set ONCE_STATE_DIR to a folder of "
            "your own",
            path);
    }
}

Handle open_folder(const Handle* parent, const std::string& name) {
    // O_NOFOLLOW: the folder itself is no symbolic link; those on the way to it are a person's
    // choice.
    return Handle(::openat(parent != nullptr ? descriptor(*parent) : AT_FDCWD, name.c_str(),
                           O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// The folders above the state folder, as `mkdir -p` makes them. What exists may be a link.
void make_parents(const std::string& path) {
    for (auto slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        const auto parent = path.substr(0, slash);
        if (::mkdir(parent.c_str(), 0700) < 0 && errno != EEXIST && errno != EROFS) {
            fail_with(errno, "make the folder '{}'", parent);
        }
    }
}

[[noreturn]] void refuse_folder(int error, const std::string& path) {
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) == 0 && !S_ISDIR(facts.st_mode)) {
        fail(
            "the state folder '{}' is {}, not a folder; set ONCE_STATE_DIR to a folder of your own",
            path, S_ISLNK(facts.st_mode) ? "a symbolic link" : "a file");
    }
    fail_with(error, "open the state folder '{}'", path);
}

// 0700, whatever the umask says: that is what the others rely on, and what we need ourselves. Not
// by a chmod(2) afterwards: it would follow a link that somebody puts in the folder's place.
int make_private_folder(const Handle* parent, const std::string& name) {
    const auto before = ::umask(0);
    const int done =
        ::mkdirat(parent != nullptr ? descriptor(*parent) : AT_FDCWD, name.c_str(), 0700);
    (void)::umask(before);  // always succeeds, and leaves errno alone (umask(2))
    return done;
}

Handle open_or_make(const Handle* parent, const std::string& name, const std::string& path) {
    auto folder = open_folder(parent, name);
    if (!folder && errno == ENOENT) {
        if (parent == nullptr) make_parents(path);
        if (make_private_folder(parent, name) < 0 && errno != EEXIST) {
            fail_with(errno, "make the state folder '{}'", path);
        }
        folder = open_folder(parent, name);
    }
    if (!folder) refuse_folder(errno, path);
    prove_ours(folder, path);
    return folder;
}

bool is_plain_and_ours(const struct stat& facts) {
    return S_ISREG(facts.st_mode) && facts.st_uid == user_id() &&
           (facts.st_mode & writable_by_others) == 0;
}

}  // namespace

bool Lock::write_line(const std::string& line) const noexcept {
    const auto put =
        retry([&] { return ::pwrite(descriptor(file_), line.data(), line.size(), 0); });
    return put == static_cast<ssize_t>(line.size());
}

std::string Lock::read_line() const {
    constexpr std::size_t largest = 1U << 20U;
    std::string text(512, '\0');  // a lock that was given back has an empty line: one read
    while (true) {
        const auto got =
            retry([&] { return ::pread(descriptor(file_), text.data(), text.size(), 0); });
        const auto length = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
        const auto end = text.substr(0, length).find('\n');
        if (end != std::string::npos || length < text.size() || length >= largest) {
            text.resize(std::min(end, length));
            return text;
        }
        text.resize(text.size() * 8);
    }
}

StateFolder StateFolder::make(const std::string& path, const std::string& inner) {
    const auto outer = open_or_make(nullptr, path, path);
    return {path + '/' + inner, open_or_make(&outer, inner, path + '/' + inner)};
}

std::optional<StateFolder> StateFolder::open(const std::string& path, const std::string& inner) {
    const auto outer = open_folder(nullptr, path);
    if (!outer && errno == ENOENT) return std::nullopt;
    if (!outer) refuse_folder(errno, path);
    prove_ours(outer, path);
    auto folder = open_folder(&outer, inner);
    if (!folder && errno == ENOENT) return std::nullopt;
    if (!folder) refuse_folder(errno, path + '/' + inner);
    prove_ours(folder, path + '/' + inner);
    return StateFolder(path + '/' + inner, std::move(folder));
}

std::optional<Lock> StateFolder::try_lock(const std::string& name) const {
    while (true) {
        // O_NONBLOCK: a FIFO in its place must not hold us up. Read and write: NFS wants it
        // (flock(2)).
        Handle file(::openat(descriptor(folder_), name.c_str(),
                             O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
                             0600));
        if (!file) fail_with(errno, "open the lock '{}/{}'", path_, name);
        struct stat facts {};
        check(::fstat(descriptor(file), &facts), "look at the lock '{}/{}'", path_, name);
        if (facts.st_nlink == 0) continue;  // removed just now
        // A second name would let a line that we write into the lock end up in some other file.
        if (!is_plain_and_ours(facts) || facts.st_nlink > 1) {
            fail(
                "the lock '{}/{}' is not a plain file of ours, with one name, that only we can "
                "write; remove it",
                path_, name);
        }
        // Who can read it can lock it (flock(2)), and so keep us out.
        if ((facts.st_mode & 0777) != 0600) (void)::fchmod(descriptor(file), 0600);
        if (retry([&] { return ::flock(descriptor(file), LOCK_EX | LOCK_NB); }) < 0) {
            if (errno == EWOULDBLOCK) return std::nullopt;
            fail_with(errno, "lock '{}/{}'", path_, name);
        }
        // Whoever tidies up may have removed the file between the open and the lock: a lock on a
        // file without this name keeps nobody out.
        struct stat named {};
        if (::fstatat(descriptor(folder_), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
            named.st_ino == facts.st_ino && named.st_dev == facts.st_dev) {
            return Lock(std::move(file));
        }
    }
}

std::optional<FileId> StateFolder::identify(const std::string& name) const {
    struct stat facts {};
    if (::fstatat(descriptor(folder_), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) < 0) {
        return std::nullopt;
    }
    return FileId{facts.st_dev, facts.st_ino};
}

std::optional<std::string> StateFolder::read(const std::string& name) const {
    const Handle file(::openat(descriptor(folder_), name.c_str(),
                               O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK));
    struct stat facts {};
    if (!file || ::fstat(descriptor(file), &facts) < 0 || !is_plain_and_ours(facts)) {
        return std::nullopt;
    }
    constexpr off_t largest = 1 << 20;
    std::string text(static_cast<std::size_t>(std::clamp<off_t>(facts.st_size, 0, largest)), '\0');
    const auto got = retry([&] { return ::pread(descriptor(file), text.data(), text.size(), 0); });
    if (got < 0) return std::nullopt;
    text.resize(static_cast<std::size_t>(got));
    return text;
}

bool StateFolder::try_write(const std::string& name, const std::string& text) const noexcept {
    const auto fresh = name + fresh_suffix;
    (void)::unlinkat(descriptor(folder_), fresh.c_str(),
                     0);  // what a crash left; O_EXCL tells the rest
    const Handle file(::openat(descriptor(folder_), fresh.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return false;
    ssize_t put = 0;
    for (std::string_view rest = text; !rest.empty() && put >= 0;) {
        put = retry([&] { return ::write(descriptor(file), rest.data(), rest.size()); });
        rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(put, 0)));
    }
    if (put >= 0 &&
        ::renameat(descriptor(folder_), fresh.c_str(), descriptor(folder_), name.c_str()) == 0) {
        return true;
    }
    const int why = errno;
    remove(fresh);
    errno = why;  // which write() tells
    return false;
}

void StateFolder::write(const std::string& name, const std::string& text) const {
    if (!try_write(name, text)) fail_with(errno, "write '{}/{}'", path_, name);
}

void StateFolder::remove(const std::string& name) const noexcept {
    (void)::unlinkat(descriptor(folder_), name.c_str(), 0);  // gone already is as good
}

void StateFolder::remove_unfinished(const std::string& name) const noexcept {
    remove(name + fresh_suffix);
}

std::vector<std::string> StateFolder::names() const {
    std::vector<std::string> all;
    // A fresh descriptor, since reading moves its place, and closedir(3) closes it.
    const int again = ::openat(descriptor(folder_), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(again, "list '{}'", path_);
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(again), ::closedir);
    if (!folder) fail_with(errno, "list '{}'", path_);
    errno = 0;
    while (const dirent* entry = ::readdir(folder.get())) {
        all.emplace_back(entry->d_name);
        errno = 0;  // which alone tells an error from the end (readdir(3))
    }
    if (errno != 0) fail_with(errno, "list '{}'", path_);
    std::sort(all.begin(), all.end());
    return all;
}

std::string state_path() {
    const auto absolute = [](const char* name) -> std::string {
        const char* value = std::getenv(name);
        if (value == nullptr || value[0] == '\0') return {};
        return value;
    };
    if (const auto own = absolute("ONCE_STATE_DIR"); !own.empty()) return absolute_path(own);
    // The XDG specification: a relative path in it is to be ignored.
    if (const auto xdg = absolute("XDG_STATE_HOME"); xdg.starts_with('/')) return xdg + "/once";
    const auto home = home_folder();
    struct stat facts {};
    if (!home.empty() && home != "/nonexistent" && ::stat(home.c_str(), &facts) == 0 &&
        S_ISDIR(facts.st_mode)) {
        return home + "/.local/state/once";
    }
    return fmt::format("/tmp/once-{}", user_id());
}

std::string canonical_folder(const std::string& path) {
    const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
    if (!real) fail_with(errno, "enter the folder '{}'", path);
    struct stat facts {};
    check(::stat(real.get(), &facts), "enter the folder '{}'", path);
    if (!S_ISDIR(facts.st_mode)) fail("cannot enter the folder '{}': it is not a folder", path);
    if (::access(real.get(), X_OK) < 0) fail_with(errno, "enter the folder '{}'", path);
    return real.get();
}

void remove_files_that_tell(const std::vector<std::string>& paths, const std::string& text) {
    for (const auto& path : paths) {
        const auto found = read_file(path.c_str());
        if (found && found->find(text) != std::string::npos) (void)::unlink(path.c_str());
    }
}

void empty_locks_that_tell(const std::vector<std::string>& paths, const std::string& text) {
    for (const auto& path : paths) {
        Handle file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK));
        if (!file) continue;
        const Lock lock(std::move(file));
        if (lock.read_line().find(text) != std::string::npos) (void)lock.write_line("\n");
    }
}

std::string absolute_path(const std::string& path) {
    if (path.starts_with('/')) return path;
    const std::unique_ptr<char, void (*)(void*)> here(::getcwd(nullptr, 0), std::free);
    if (!here) fail_with(errno, "tell the current folder");
    return std::string(here.get()) + '/' + path;
}

}  // namespace once::os
