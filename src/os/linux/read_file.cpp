#include "os/linux/read_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "os/linux/check.hpp"

namespace once::os {

std::optional<std::string> read_file(const char* path, std::size_t limit) {
    const Handle file(::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file) return std::nullopt;
    // Not blocking: a FIFO in the place of a file has nothing to say.
    std::string text;
    std::array<char, 4096> buffer;  // not cleared: what is read fills it
    while (text.size() < limit) {
        const auto got =
            retry([&] { return ::read(descriptor(file), buffer.data(), buffer.size()); });
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
}

}  // namespace once::os
