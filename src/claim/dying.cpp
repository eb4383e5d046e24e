#include "claim/dying.hpp"

#include "os/machine.hpp"
#include "os/process.hpp"

namespace once::claim {
namespace {

constexpr int dying_token = 920;
constexpr Duration patience_with_kernel = std::chrono::seconds(2);

// Gives back its memory first, then its files, and can be waited for after that: do_exit in
// https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/kernel/exit.c
bool is_dying(const os::ProcessFacts& process) {
    return process.is_exiting && !process.is_zombie() &&
           os::owner_of(process.id.pid) == os::user_id();
}

// False at the deadline.
bool await_end(const os::Process& process, Waiting& waiting, TimePoint until) {
    waiting.events().watch(process.handle(), dying_token);
    while (true) {
        const auto event = waiting.next(until);
        if (std::holds_alternative<os::TimeUp>(event)) return false;
        const auto* ready = std::get_if<os::Ready>(&event);
        if (ready != nullptr && ready->token == dying_token) return true;
    }
}

}  // namespace

void await_dying(Waiting& waiting) {
    const auto until = Clock::now() + patience_with_kernel;
    for (const auto& process : os::read_processes()) {
        if (!is_dying(process)) continue;
        const auto hold = os::Process::open(process.id);
        if (hold && !await_end(*hold, waiting, until)) return;
    }
}

std::optional<std::string> past_the_dying(Waiting& waiting,
                                          const std::function<std::optional<std::string>()>& why) {
    if (!why()) return std::nullopt;
    await_dying(waiting);
    return why();
}

}  // namespace once::claim
