#include "job/http_answer.hpp"

#include "targets.hpp"

namespace once::fuzz {
namespace {

using Verdict = job::HttpAnswer::Verdict;

Verdict verdict_on(std::string_view text, std::size_t part, std::string& why) {
    job::HttpAnswer answer;
    auto verdict = Verdict::open;
    while (verdict == Verdict::open && !text.empty()) {
        verdict = answer.take(text.substr(0, part));
        text.remove_prefix(std::min(part, text.size()));
    }
    if (verdict == Verdict::open) verdict = answer.take({});
    why = answer.why();
    return verdict;
}

}  // namespace

void http_answer(std::string_view input) {
    if (input.empty()) return;
    const auto part = static_cast<std::size_t>(static_cast<unsigned char>(input.front())) + 1;
    // As much as is read of an answer at all.
    const auto text = input.substr(1, 8191);
    std::string why;
    std::string why_in_parts;
    const auto verdict = verdict_on(text, text.size() + 1, why);
    demand(verdict != Verdict::open, "an answer that has ended is judged");
    demand(verdict == verdict_on(text, part, why_in_parts) && why == why_in_parts,
           "how an answer was cut does not matter");
}

}  // namespace once::fuzz
