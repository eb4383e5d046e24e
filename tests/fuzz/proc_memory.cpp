#include "os/linux/proc_text.hpp"
#include "targets.hpp"

namespace once::fuzz {

void proc_memory(std::string_view input) {
    (void)os::parse_share(input);
    (void)os::parse_pages(input);
    for (int signal = 1; signal <= 64; ++signal) (void)os::has_ignored(input, signal);
}

}  // namespace once::fuzz
