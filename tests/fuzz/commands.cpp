#include "claim/commands.hpp"

#include "os/linux/proc_text.hpp"
#include "targets.hpp"

namespace once::fuzz {

void commands(std::string_view input) {
    const auto end = std::min(input.find('\n'), input.size());
    const auto name = input.substr(0, end);
    const auto arguments = os::parse_arguments(input.substr(std::min(end + 1, input.size())));
    const auto role = claim::role_of(arguments, name);
    if (claim::is_pm2(arguments, name)) {
        demand(role == claim::Role::supervisor, "pm2 is never ended");
    }
    demand(role != claim::Role::terminal || claim::is_shell(arguments) || arguments.empty() ||
               arguments.front().find('-') != std::string::npos,
           "a terminal is a shell");
    (void)claim::is_helper(arguments);
    demand(claim::runs_same(arguments, arguments) == !arguments.empty(), "each is its own like");
    auto others = arguments;
    if (!others.empty())
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(end % others.size()));
    demand(claim::runs_same(arguments, others) == claim::runs_same(others, arguments),
           "the like of one is like the other");
}

}  // namespace once::fuzz
