#include "verbs/recess.hpp"

#include <csignal>

namespace once::verbs {
namespace {

constexpr int bond_token = 1;

}  // namespace

Recess take_recess(os::Events& events, os::Job& job, Duration pause,
                   const std::vector<const os::Process*>& bonds,
                   const std::function<std::optional<job::Request>(int)>& request_of) {
    const Recess goes_on{true, false, {}};
    const auto answer_to = [&](const os::Signal& signal) -> std::optional<Recess> {
        switch (signal.number) {
            case SIGCHLD:
                job.reap_strangers();
                return std::nullopt;
            case SIGTERM: {
                const auto request = request_of(signal.sender);
                if (request == job::Request::restart) return goes_on;
                return request ? Recess{false, false, job::news::Replaced{}} : Recess{};
            }
            case SIGINT:
                return Recess{false, true, {}};
            case SIGHUP:
            case SIGQUIT:
                return Recess{};
            default:
                return std::nullopt;
        }
    };
    const auto until = Clock::now() + pause;
    for (const auto* bond : bonds) events.watch(bond->handle(), bond_token);
    std::optional<Recess> recess;
    while (!recess) {
        const auto event = events.next(until);
        const auto* ready = std::get_if<os::Ready>(&event);
        if (const auto* signal = std::get_if<os::Signal>(&event)) {
            recess = answer_to(*signal);
        } else if (ready == nullptr) {
            recess = goes_on;
        } else if (ready->token == bond_token) {
            recess = Recess{false, false, job::news::ParentGone{}};
        }
    }
    for (const auto* bond : bonds) events.forget(bond->handle());
    return *recess;
}

}  // namespace once::verbs
