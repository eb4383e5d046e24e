#include "os/linux/proc_text.hpp"
#include "targets.hpp"

namespace once::fuzz {

void proc_words(std::string_view input) {
    std::string again;
    for (const auto& word : os::parse_arguments(input)) again += word + '\0';
    if (!input.empty() && input.back() != '\0') again.pop_back();
    demand(again == input, "the words are all that is there");
    demand(os::joined_arguments(std::string(input)).find('\0') == std::string::npos,
           "a line has no zero byte");
    for (const int child : os::parse_children(input)) demand(child > 0, "a pid is a number from 1");
    const auto mark = os::find_variable(input, "ONCE_JOB");
    const bool stands =
        (std::string(1, '\0') + std::string(input)).find(std::string("\0ONCE_JOB=", 10)) !=
        std::string::npos;
    demand(mark.has_value() == stands, "a variable is found where it stands, and only there");
    demand(!mark || mark->find('\0') == std::string::npos, "a value ends at its end");
}

}  // namespace once::fuzz
