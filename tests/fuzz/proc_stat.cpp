#include "os/linux/proc_text.hpp"
#include "targets.hpp"

namespace once::fuzz {

void proc_stat(std::string_view input) {
    const auto facts = os::parse_stat(42, input);
    if (!facts) return;
    demand(facts->id.pid == 42, "the pid is the one that was asked for");
    demand(input.find('(' + facts->name + ')') != std::string_view::npos,
           "the name is as it stands");
    // Whatever name a process gives itself: what stands behind it is the kernel's.
    const std::string kernel = ") S 7 8 9 0 -1 4194304 1 2 3 4 100 200 0 0 20 0 5 0 777 8 9\n";
    const auto named = os::parse_stat(42, "42 (" + std::string(input.substr(0, 15)) + kernel);
    demand(named && named->parent == 7 && named->group == 8 && named->session == 9 &&
               named->threads == 5 && named->id.started == 777 && named->state == 'S',
           "a name does not move the fields behind it");
}

}  // namespace once::fuzz
