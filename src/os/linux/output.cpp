#include "os/output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <string_view>

#include "os/linux/check.hpp"

namespace once::os {
namespace {

void write_all(int target, const std::string& text) noexcept {
    for (std::string_view rest = text; !rest.empty();) {
        const auto put = retry([&] { return ::write(target, rest.data(), rest.size()); });
        if (put <= 0) return;
        rest.remove_prefix(static_cast<std::size_t>(put));
    }
}

}  // namespace

void write_out(const std::string& text) noexcept { write_all(STDOUT_FILENO, text); }
void write_error(const std::string& text) noexcept { write_all(STDERR_FILENO, text); }

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

std::optional<int> stdout_width() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0) return std::nullopt;
    return size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace once::os
