#include "os/output.hpp"

#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
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

void write_all(int target, const std::string& text) noexcept {
    for (std::string_view rest = text; !rest.empty();) {
        if (target == STDERR_FILENO && !takes_text(target, patience_ms)) return;
        // A pipe that can be written takes this much without blocking (pipe(7)).
        const auto put = retry([&] {
            return ::write(target, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
        });
        if (put <= 0) return;
        rest.remove_prefix(static_cast<std::size_t>(put));
    }
}

}  // namespace

void write_out(const std::string& text) noexcept { write_all(STDOUT_FILENO, text); }
void write_error(const std::string& text) noexcept { write_all(STDERR_FILENO, text); }

bool stderr_takes_text() noexcept { return takes_text(STDERR_FILENO, patience_ms); }

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

std::optional<int> stdout_width() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0) return std::nullopt;
    return size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace once::os
