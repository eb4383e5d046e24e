#include "os/output.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "os/linux/check.hpp"

namespace once::os {
namespace {

// Somebody may have stopped reading (a full pipe, Ctrl-S): so long we wait for him, then what is
// left is lost. A job must not live on because nobody reads what we say of it.
constexpr int patience_ms = 100;

bool takes_text(int target, int timeout) noexcept {
    pollfd wish{target, POLLOUT, 0};
    return retry([&] { return ::poll(&wish, 1, timeout); }) > 0;
}

// The next part of a text. A pipe that can be written takes this much without blocking (pipe(7)).
ssize_t put_some(int target, std::string_view rest) noexcept {
    return retry(
        [&] { return ::write(target, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF)); });
}

std::optional<int> width_of(int target) {
    winsize size{};
    if (::ioctl(target, TIOCGWINSZ, &size) < 0) return std::nullopt;
    return size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

void write_out(std::string_view text) {
    for (auto rest = text; !rest.empty();) {
        const auto put = put_some(STDOUT_FILENO, rest);
        // Some program that shares it has made it one that does not block: node does.
        if (put < 0 && errno == EAGAIN && takes_text(STDOUT_FILENO, -1)) continue;
        rest.remove_prefix(static_cast<std::size_t>(check(put, "write to stdout")));
    }
}

void write_error(std::string_view text) noexcept {
    for (auto rest = text; !rest.empty();) {
        if (!takes_text(STDERR_FILENO, patience_ms)) return;
        const auto put = put_some(STDERR_FILENO, rest);
        if (put <= 0) return;
        rest.remove_prefix(static_cast<std::size_t>(put));
    }
}

bool stderr_takes_text() noexcept { return takes_text(STDERR_FILENO, patience_ms); }

Handle stdout_hang_up() {
    struct stat facts {};
    const bool is_pipe = ::fstat(STDOUT_FILENO, &facts) == 0 && S_ISFIFO(facts.st_mode) &&
                         (::fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_WRONLY;
    // The end of a pipe that is written to is never readable, but epoll(7) always tells of
    // EPOLLERR.
    return Handle(is_pipe ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : -1);
}

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

std::optional<int> stdout_width() { return width_of(STDOUT_FILENO); }
std::optional<int> stderr_width() { return width_of(STDERR_FILENO); }

}  // namespace once::os
