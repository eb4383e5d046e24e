#include "base/failure.hpp"
#include "cli/parse.hpp"
#include "targets.hpp"

namespace once::fuzz {
namespace {

struct Check {
    void operator()(const verbs::RunRequest& wish) const {
        demand(!wish.command.empty(), "a launch has a command");
        for (const auto port : wish.ports) demand(port != 0, "a port is a number from 1");
        demand(wish.name.empty() || claim::is_valid_name(wish.name), "a name is a valid one");
    }
    void operator()(const verbs::WhoRequest& wish) const {
        demand(wish.port != 0, "who has a port");
    }
    void operator()(const verbs::LogsRequest& wish) const {
        demand(claim::is_valid_name(wish.target), "logs has a target");
    }
    void operator()(const verbs::RestartRequest& wish) const {
        demand(claim::is_valid_name(wish.target), "restart has a target");
    }
    void operator()(const verbs::StopRequest& wish) const {
        demand(!wish.targets.empty() || wish.all || wish.stale_only, "stop has something to stop");
    }
    void operator()(const auto&) const {}
};

}  // namespace

void command_line(std::string_view input) {
    auto words = parts_of(input, '\n');
    words.insert(words.begin(), "once");
    // No word of a command line has a zero byte in it.
    for (auto& word : words) word.resize(std::min(word.find('\0'), word.size()));
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    try {
        std::visit(Check{}, cli::parse(static_cast<int>(words.size()), argv.data()));
    } catch (const Failure& failure) {
        const std::string_view message = failure.what();
        demand(failure.ending() == Ending::exited(exit_status::failed), "a refusal is 125");
        demand(!message.empty() && message.find('\n') == std::string_view::npos,
               "a refusal is one line");
        demand(message.find('\x1b') == std::string_view::npos, "a refusal is safe for a terminal");
    }
}

}  // namespace once::fuzz
