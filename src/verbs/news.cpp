#include "verbs/news.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "claim/description.hpp"
#include "claim/port.hpp"
#include "os/process.hpp"

namespace once::verbs {
namespace {

using namespace job::news;

struct Words {
    const claim::Lease& lease;

    [[nodiscard]] std::string command() const {
        return claim::command_text(lease.record().command);
    }

    std::string operator()(const Settled&) const { return {}; }
    std::string operator()(const Ready&) const { return {}; }
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
        return (next->verb == claim::Verb::stop ? "stopped by " : "replaced by ") +
               claim::describe(*next);
    }
    std::string operator()(const RestartAsked&) const {
        return fmt::format("restarting '{}', as 'once restart' asks", command());
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
        const auto keeper = lease.record().keeper;
        const auto who = os::is_alive(keeper) ? fmt::format("its keeper (pid {})", keeper.pid)
                                              : std::string("once");
        return fmt::format("{} cannot be ended; {} holds the slot until it is gone",
                           claim::describe_process(news.pid), who);
    }
};

// As sizes are given on the command line, in powers of 1024, so that they can be compared.
std::string limit_text(std::uint64_t bytes) {
    constexpr std::uint64_t kibi = 1024;
    constexpr std::uint64_t mebi = kibi * kibi;
    if (bytes < kibi) return fmt::format("{} bytes", bytes);
    if (bytes % mebi == 0) return fmt::format("{}M", bytes / mebi);
    if (bytes < mebi) return fmt::format("{}K", bytes / kibi);
    return fmt::format("{:.1f}M", static_cast<double>(bytes) / static_cast<double>(mebi));
}

struct TroubleWords {
    const std::string& command;

    std::string operator()(const job::NotReady& trouble) const {
        const auto missing = fmt::format("{}", fmt::join(trouble.missing, ", "));
        if (trouble.stranger) {
            const auto who = claim::why_not_free(trouble.stranger->port);
            return fmt::format("'{}' did not become ready: somebody else listens on port {}{}",
                               command, trouble.stranger->port, who ? '\n' + *who : "");
        }
        auto text =
            fmt::format("'{}' was not ready within {}: ", command, duration_text(trouble.within));
        if (missing.empty()) return text + fmt::format("{}: {}", trouble.url, trouble.answer);
        if (trouble.elsewhere.empty()) return text + "it does not listen on port " + missing;
        return text + fmt::format("it listens on port {}, not on {}",
                                  fmt::join(trouble.elsewhere, ", "), missing);
    }
    std::string operator()(const job::TooLarge& trouble) const {
        return fmt::format("'{}' used {} of memory, more than --max-memory {}", command,
                           limit_text(trouble.memory), limit_text(trouble.limit));
    }
    std::string operator()(const job::TooOld& trouble) const {
        return fmt::format("'{}' was ended after {}, as --ttl says", command,
                           duration_text(trouble.ttl));
    }
};

}  // namespace

std::string trouble_text(const job::Trouble& trouble, const std::string& command) {
    return std::visit(TroubleWords{command}, trouble);
}

std::string ending_text(const Ending& ending) {
    switch (ending.kind) {
        case Ending::Kind::exited:
            return fmt::format("exited with {}", ending.value);
        case Ending::Kind::killed:
            return fmt::format("was killed by signal {}", ending.value);
    }
    return {};
}

std::string news_text(const job::News& news, const claim::Lease& lease) {
    return std::visit(Words{lease}, news);
}

}  // namespace once::verbs
