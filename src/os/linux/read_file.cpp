#include "os/linux/read_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "os/linux/check.hpp"

namespace once::os {
namespace {

// Not blocking: a FIFO in the place of a file has nothing to say.
int open_file(const char* path) {
    return insist([&] { return ::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); });
}

std::optional<std::string> read_all(const Handle& file, std::size_t limit) {
    std::string text;
    std::array<char, 4096> buffer;  // not cleared: what is read fills it
    while (text.size() < limit) {
        const auto got =
            insist([&] { return ::read(descriptor(file), buffer.data(), buffer.size()); });
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
}

}  // namespace

std::optional<std::string> read_file(const char* path, std::size_t limit) {
    const Handle file(open_file(path));
    return file ? read_all(file, limit) : std::nullopt;
}

std::string need_file(const char* path) {
    const Handle file(check(open_file(path), "read {}", path));
    return read_all(file, 1U << 20U).value_or("");
}

}  // namespace once::os
