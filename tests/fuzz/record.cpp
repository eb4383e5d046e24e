#include "claim/record.hpp"

#include "targets.hpp"

namespace once::fuzz {

void record(std::string_view input) {
    const auto first = claim::parse(std::string(input));
    if (!first) return;
    const auto text = claim::to_text(*first);
    demand(text.find('\n') == text.size() - 1, "a record is one line");
    const auto again = claim::parse(text + std::string(input));
    demand(again.has_value(), "what is written can be read, whatever stands behind it");
    demand(claim::to_text(*again) == text, "it is the same then");
    demand(first->once.pid > 0 && first->keeper.pid >= 0 && first->leader.pid >= 0,
           "a pid is no group, and not everybody");
}

}  // namespace once::fuzz
