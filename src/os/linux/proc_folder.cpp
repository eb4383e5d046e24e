#include "os/linux/proc_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>

#include "os/linux/check.hpp"

namespace once::os {

std::optional<ProcFolder> ProcFolder::open(const char* path) {
    Handle folder(insist([&] { return ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!folder) return std::nullopt;
    return ProcFolder(std::move(folder));
}

std::vector<int> ProcFolder::numbers() const {
    std::vector<int> numbers;
    alignas(dirent64) std::array<char, 16384> buffer;  // not cleared: what is read fills it
    while (true) {
        const auto got =
            insist([&] { return ::getdents64(descriptor(folder_), buffer.data(), buffer.size()); });
        if (got <= 0) return numbers;
        for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
            const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
            at += entry->d_reclen;
            int number = 0;
            const char* end = entry->d_name + std::strlen(entry->d_name);
            const auto [stop, error] = std::from_chars(entry->d_name, end, number);
            if (error == std::errc() && stop == end) numbers.push_back(number);
        }
        // A folder below /proc is told until the buffer is full: with room left for another entry
        // there is none.
        if (static_cast<std::size_t>(got) + sizeof(dirent64) < buffer.size()) return numbers;
    }
}

std::vector<int> visible_pids() {
    const auto folder = ProcFolder::open("/proc");
    return folder ? folder->numbers() : std::vector<int>();
}

}  // namespace once::os
