#include "claim/dependencies.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/failure.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "job/inquiry.hpp"

namespace once::claim {
namespace {

constexpr int inquiry_token = 898;
constexpr Duration first_pause = std::chrono::milliseconds(20);
constexpr Duration longest_pause = std::chrono::milliseconds(500);
// Who keeps silent so long is asked anew. Long enough for a SYN that was lost twice.
constexpr Duration longest_silence = std::chrono::seconds(5);
// The last attempt is made at the deadline, and may take as long as a neighbour needs.
constexpr Duration shortest_silence = std::chrono::milliseconds(100);
constexpr Duration between_words = std::chrono::seconds(1);

std::string waited_text(Clock::duration waited) {
    const auto precise = std::chrono::duration_cast<Duration>(waited);
    if (precise < std::chrono::seconds(1)) return fmt::format("{} ms", precise.count());
    return span_text(std::chrono::duration_cast<std::chrono::seconds>(waited));
}

// Waiting for one of them.
class Vigil {
public:
    Vigil(const job::Endpoint& endpoint, const std::string& folder, Waiting& waiting,
          const Progress& progress)
        : endpoint_(endpoint),
          folder_(folder),
          waiting_(waiting),
          progress_(progress),
          begun_(Clock::now()),
          next_word_(begun_ + between_words) {}

    // One attempt. The other side may keep silent until the deadline, if there is one.
    bool ask(std::optional<TimePoint> deadline) {
        job::Inquiry inquiry(waiting_.events(), inquiry_token, endpoint_, folder_);
        auto until = end_of_silence(deadline);
        while (!inquiry.is_done()) {
            const auto event = next(until);
            const auto* ready = std::get_if<os::Ready>(&event);
            if (ready != nullptr && ready->token == inquiry_token) inquiry.on_ready();
            if (!std::holds_alternative<os::TimeUp>(event)) continue;
            inquiry.lose_patience();
            until = end_of_silence(deadline);
        }
        why_ = inquiry.why();
        return inquiry.has_answered();
    }

    void await(TimePoint deadline) {
        auto pause = first_pause;
        while (!ask(deadline)) {
            if (Clock::now() >= deadline) give_up();
            pass_time(std::min<TimePoint>(Clock::now() + pause, deadline));
            pause = std::min(2 * pause, longest_pause);
        }
        log::debug("{} answers", endpoint_.text);
    }

    [[noreturn]] void give_up() const {
        const auto waited = Clock::now() - begun_;
        const bool is_file = endpoint_.kind == job::Endpoint::Kind::file;
        throw Failure(exit_status::unavailable,
                      fmt::format("{} {} within {}: {}", printable(endpoint_.text),
                                  is_file ? "has not appeared" : "has not answered",
                                  waited_text(waited), why_));
    }

    [[noreturn]] void refuse() const {
        const bool is_file = endpoint_.kind == job::Endpoint::Kind::file;
        throw Failure(exit_status::unavailable,
                      fmt::format("{} {}: {}", printable(endpoint_.text),
                                  is_file ? "is not there" : "does not answer", why_));
    }

    [[nodiscard]] const std::string& why() const { return why_; }

private:
    static TimePoint end_of_silence(std::optional<TimePoint> deadline) {
        const auto now = Clock::now();
        if (!deadline) return now + longest_silence;
        return std::clamp<TimePoint>(*deadline, now + shortest_silence, now + longest_silence);
    }

    // The next event until then; tells meanwhile what is waited for.
    os::Event next(TimePoint until) {
        while (true) {
            const auto event = waiting_.next(std::min(until, next_word_));
            const auto now = Clock::now();
            if (now >= next_word_) tell(now);
            if (!std::holds_alternative<os::TimeUp>(event) || now >= until) return event;
        }
    }

    void tell(TimePoint now) {
        progress_(endpoint_, fmt::format("waiting for {}, {} ({})", printable(endpoint_.text),
                                         waited_text(now - begun_), why_));
        next_word_ += between_words;
    }

    void pass_time(TimePoint until) {
        while (Clock::now() < until) (void)next(until);
    }

    const job::Endpoint& endpoint_;
    const std::string& folder_;
    Waiting& waiting_;
    const Progress& progress_;
    TimePoint begun_;
    TimePoint next_word_;
    std::string why_ = "no answer yet";
};

}  // namespace

void await_dependencies(const Dependencies& dependencies, Waiting& waiting,
                        const Progress& progress) {
    const auto deadline = Clock::now() + dependencies.timeout;
    for (const auto& endpoint : dependencies.endpoints) {
        Vigil vigil(endpoint, dependencies.folder, waiting, progress);
        if (dependencies.timeout > Duration(0)) {
            vigil.await(deadline);
        } else if (!vigil.ask(std::nullopt)) {
            vigil.refuse();
        }
    }
    waiting.check();  // what came meanwhile ends us before anybody is replaced
}

std::vector<std::string> foresee_dependencies(const Dependencies& dependencies, Waiting& waiting) {
    const Progress nobody = [](const job::Endpoint&, const std::string&) {};
    std::vector<std::string> lines;
    for (const auto& endpoint : dependencies.endpoints) {
        Vigil vigil(endpoint, dependencies.folder, waiting, nobody);
        if (vigil.ask(std::nullopt)) continue;
        lines.push_back(
            fmt::format("would wait for {}: {}", printable(endpoint.text), vigil.why()));
    }
    return lines;
}

}  // namespace once::claim
