#include "verbs/news.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.hpp"
#include "claim/description.hpp"

namespace once::verbs {
namespace {

using namespace job::news;

struct Words {
    const claim::Lease& lease;

    [[nodiscard]] std::string command() const {
        return claim::command_text(lease.record().command);
    }

    std::string operator()(const Settled&) const { return {}; }
    std::string operator()(const Listening&) const { return {}; }
    std::string operator()(const Elsewhere& news) const {
        return fmt::format("'{}' listens on port {}, not on {}", command(),
                           fmt::join(news.ports, ", "), fmt::join(news.missing, ", "));
    }
    std::string operator()(const Silent& news) const {
        return fmt::format("'{}' does not listen on port {} after 30 s", command(),
                           fmt::join(news.missing, ", "));
    }
    std::string operator()(const PortLost& news) const {
        return fmt::format("port {} was taken by somebody else before '{}' listened; stopping it",
                           news.look.port, command());
    }
    std::string operator()(const Stopping&) const { return {}; }
    std::string operator()(const Replaced&) const {
        const auto next = lease.successor();
        if (!next) return "replaced by a newer launch";
        return (next->is_stop ? "stopped by " : "replaced by ") + claim::describe(*next);
    }
    std::string operator()(const ParentGone&) const {
        return fmt::format("the process that started once has ended; stopping '{}'", command());
    }
    std::string operator()(const KeeperGone&) const {
        return fmt::format("the keeper of '{}' was killed; stopping it", command());
    }
    std::string operator()(const Spared& news) const {
        log::debug("a daemon stays: {}", claim::describe_process(news.pid));
        return {};
    }
    std::string operator()(const Stuck& news) const {
        return fmt::format(
            "{} cannot be ended; its keeper (pid {}) holds the slot until it is gone",
            claim::describe_process(news.pid), lease.record().keeper.pid);
    }
};

}  // namespace

std::string news_text(const job::News& news, const claim::Lease& lease) {
    return std::visit(Words{lease}, news);
}

}  // namespace once::verbs
