#include "os/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/linux/check.hpp"

namespace once::os {

std::optional<InputFile> InputFile::open(const std::string& path) {
    // O_NONBLOCK: a FIFO in its place must not hold us up.
    Handle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file && errno == ENOENT) return std::nullopt;
    if (!file) fail_with(errno, "read '{}'", path);
    struct stat facts {};
    check(::fstat(descriptor(file), &facts), "look at '{}'", path);
    if (!S_ISREG(facts.st_mode)) fail("cannot read '{}': it is no plain file", path);
    return InputFile(std::move(file), {facts.st_dev, facts.st_ino});
}

std::uint64_t InputFile::size() const noexcept {
    struct stat facts {};
    if (::fstat(descriptor(file_), &facts) < 0) return 0;
    return static_cast<std::uint64_t>(facts.st_size);
}

std::size_t InputFile::read(std::uint64_t place, char* buffer, std::size_t size) const noexcept {
    const auto got =
        retry([&] { return ::pread(descriptor(file_), buffer, size, static_cast<off_t>(place)); });
    // What cannot be read (a bad disk, a server that is gone) is as good as the end.
    return got > 0 ? static_cast<std::size_t>(got) : 0;
}

std::optional<FileId> file_named(const std::string& path) noexcept {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) < 0) return std::nullopt;
    return FileId{facts.st_dev, facts.st_ino};
}

}  // namespace once::os
