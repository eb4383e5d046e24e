#include "claim/port.hpp"

#include <fmt/format.h>

#include "claim/description.hpp"
#include "claim/holdings.hpp"
#include "claim/stranger.hpp"

namespace once::claim {
namespace {

// A connection in TIME_WAIT goes without a word, and some kernels have no such multicast.
constexpr Duration look_again = std::chrono::milliseconds(500);
// One closed server makes many sockets go: one look for all of them.
constexpr Duration settle = std::chrono::milliseconds(2);

// A job of ours that listens on a port it has not claimed.
std::string describe_other_job(os::Port port, const Holding& holding) {
    const auto target = target_of(holding.record);
    return fmt::format("port {} is held by {}\nonce started it for {}; to end it: once stop {}",
                       port, describe(holding.record), slots_text(holding.record),
                       target.empty() ? "--force " + std::to_string(port) : target);
}

}  // namespace

bool is_free(os::Port port) {
    switch (os::probe(port)) {
        case os::PortState::free:
            return true;
        case os::PortState::busy:
            return false;
        case os::PortState::denied:
            // Not ours to bind (below 1024); the job may be allowed to.
            return os::listeners(port).empty();
    }
    return false;
}

std::optional<std::string> why_not_free(os::Port port) {
    if (is_free(port)) return std::nullopt;
    const auto strangers = find_strangers(port);
    if (strangers.empty()) return describe_non_listeners(port);
    const auto holdings = read_holdings([](const std::string&) {});
    std::string text;
    for (const auto& stranger : strangers) {
        const auto* holding =
            stranger.is_visible() ? holding_of(stranger.sharers.front(), holdings) : nullptr;
        text += (text.empty() ? "" : "\n") +
                (holding != nullptr ? describe_other_job(port, *holding) : describe(stranger));
    }
    return text;
}

bool await_free(os::Port port, Waiting& waiting, std::optional<TimePoint> deadline) {
    constexpr int funeral_token = 900;
    if (is_free(port)) return true;
    // Attended before the next look: what goes meanwhile is not missed.
    const auto funeral = os::SocketFuneral::attend();
    if (funeral) waiting.events().watch(funeral->handle(), funeral_token);
    bool has_news = true;
    while (true) {
        if (has_news && is_free(port)) return true;
        const auto now = Clock::now();
        if (deadline && now >= *deadline) return false;
        auto until = now + (has_news ? look_again : settle);
        if (deadline) until = std::min(until, *deadline);
        const auto event = waiting.next(until);
        has_news = std::holds_alternative<os::TimeUp>(event);
        const auto* ready = std::get_if<os::Ready>(&event);
        if (ready != nullptr && ready->token == funeral_token) funeral->drain();
    }
}

}  // namespace once::claim
