#include "os/file_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>

#include "os/linux/check.hpp"

namespace once::os {

FileWatch::FileWatch(const std::string& folder)
    : handle_(check(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "watch the folder '{}'", folder)) {
    check(::inotify_add_watch(descriptor(handle_), folder.c_str(),
                              IN_MODIFY | IN_CREATE | IN_MOVE | IN_DELETE | IN_ONLYDIR),
          "watch the folder '{}'", folder);
}

void FileWatch::drain() const noexcept {
    // What has happened is looked up in the folder itself: notices can be lost (IN_Q_OVERFLOW).
    std::array<char, 4096> notices;  // not cleared: nobody reads it
    while (retry([&] { return ::read(descriptor(handle_), notices.data(), notices.size()); }) > 0) {
    }
}

}  // namespace once::os
