#include "os/pipe.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "os/linux/check.hpp"

namespace once::os {
namespace {

// As much as a pipe holds by default (pipe(7)): one read empties it.
constexpr std::size_t capacity = std::size_t{64} * 1024;

}  // namespace

Pipe::Pipe() : bytes_(capacity) {
    std::array<int, 2> ends{};
    check(::pipe2(ends.data(), O_CLOEXEC), "make a pipe");
    outlet_ = Handle(ends[0]);
    inlet_ = Handle(ends[1]);
    // Ours alone: the job's end blocks, as any pipe does that is read too slowly.
    check(::fcntl(ends[0], F_SETFL, O_NONBLOCK), "read a pipe without waiting");
}

FileId Pipe::id() const {
    struct stat facts {};
    check(::fstat(descriptor(inlet_), &facts), "look at a pipe");
    return {facts.st_dev, facts.st_ino};
}

std::optional<std::string_view> Pipe::next() {
    const auto got =
        retry([&] { return ::read(descriptor(outlet_), bytes_.data(), bytes_.size()); });
    if (got <= 0) return std::nullopt;
    return std::string_view(bytes_.data(), static_cast<std::size_t>(got));
}

}  // namespace once::os
