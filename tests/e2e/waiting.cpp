#include "waiting.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "catch.hpp"
#include "processes.hpp"

namespace once::test {

namespace {

using Clock = std::chrono::steady_clock;

struct Watched {
    const Watch* owner;
    int fd;
    std::function<void()> on_ready;
};

std::vector<Watched>& all_watched() {
    static std::vector<Watched> all;
    return all;
}

std::vector<const Inlet*>& all_inlets() {
    static std::vector<const Inlet*> all;
    return all;
}

/// A pause that ends as soon as anything watched is ready. What became ready is taken in by its
/// owner, so that it does not end the next pause as well.
void pause_for(std::chrono::milliseconds duration) {
    const std::vector<Watched> watched = all_watched();  // owners may go while they are served
    std::vector<pollfd> descriptors;
    descriptors.reserve(watched.size());
    for (const Watched& one : watched) {
        descriptors.push_back({.fd = one.fd, .events = POLLIN, .revents = 0});
    }
    (void)poll(descriptors.data(), descriptors.size(), static_cast<int>(duration.count()));
    for (std::size_t i = 0; i < watched.size(); ++i) {
        const auto& now = all_watched();
        const bool still_there = std::any_of(now.begin(), now.end(), [&](const Watched& one) {
            return one.owner == watched[i].owner && one.fd == watched[i].fd;
        });
        if (descriptors[i].revents != 0 && still_there) watched[i].on_ready();
    }
}

std::string all_portraits() {
    std::string all;
    for (const Inlet* inlet : all_inlets()) all += inlet->portrait();
    all += "--- processes:\n";
    for (const Process& one : processes()) all += portrait(one) + "\n";
    return all;
}

}  // namespace

bool within(std::chrono::milliseconds limit, const std::function<bool()>& holds) {
    const auto until = Clock::now() + limit;
    constexpr std::chrono::milliseconds longest{50};  // a look at /proc/net costs some itself
    for (std::chrono::milliseconds step{1};; step = std::min(step * 2, longest)) {
        const bool last = Clock::now() >= until;  // asked before looking: the last look is late
        if (holds()) return true;
        if (last) return false;
        pause_for(step);
    }
}

void eventually(const std::function<bool()>& holds, std::string_view description) {
    if (within(patience, holds)) return;
    FAIL("not within " << patience.count() / 1000 << " s: " << description << "\n"
                       << all_portraits());
}

void remains(const std::function<bool()>& holds, std::chrono::milliseconds time,
             std::string_view description) {
    if (!within(time, [&] { return !holds(); })) return;
    FAIL("did not last: " << description << "\n" << all_portraits());
}

Watch::Watch(int fd, std::function<void()> on_ready) {
    all_watched().push_back({this, fd, std::move(on_ready)});
}

Watch::~Watch() {
    std::erase_if(all_watched(), [this](const Watched& one) { return one.owner == this; });
}

Inlet::Inlet(int fd, std::string label) : fd_(fd), label_(std::move(label)) {
    (void)fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
    watch_.emplace(fd_, [this] { drain(); });
    all_inlets().push_back(this);
}

Inlet::~Inlet() {
    close();
    std::erase(all_inlets(), this);
}

const std::string& Inlet::text() {
    drain();
    return text_;
}

bool Inlet::ended() {
    drain();
    return ended_;
}

void Inlet::close() {
    if (fd_ < 0) return;
    drain();
    watch_.reset();
    ::close(fd_);
    fd_ = -1;
    ended_ = true;
}

void Inlet::drain() {
    while (fd_ >= 0) {
        char bytes[65536];
        const ssize_t size = read(fd_, bytes, sizeof bytes);
        if (size > 0) {
            text_.append(bytes, static_cast<std::size_t>(size));
            ended_ = false;
            continue;
        }
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == EAGAIN) return;
        // End of file; for a terminal EIO: nobody has it open now. Somebody may open it again, so
        // text() keeps asking, but a poll would return at once for ever.
        ended_ = true;
        watch_.reset();
        return;
    }
}

std::string Inlet::portrait() const {
    constexpr std::size_t enough = 4000;
    const std::size_t from = text_.size() > enough ? text_.size() - enough : 0;
    return "--- " + label_ + (ended_ ? " (ended)" : "") + ":\n" + text_.substr(from) + "\n";
}

}  // namespace once::test
