#include "os/linux/read_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "os/linux/check.hpp"

namespace once::os {

std::optional<std::string> read_file(const char* path, std::size_t limit) {
    const Handle file(::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file) return std::nullopt;
    std::string text;
    std::size_t filled = 0;
    while (filled < limit) {
        text.resize(filled + 4096);
        const auto got =
            retry([&] { return ::read(descriptor(file), text.data() + filled, 4096); });
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    text.resize(filled);
    return text;
}

}  // namespace once::os
