#include "claim/verdict.hpp"

#include <fmt/format.h>

#include "claim/description.hpp"
#include "claim/holdings.hpp"

namespace once::claim {

Verdict judge(const Claim& claim, const Record& holder, State state) {
    // To wait for somebody, or to be refused by him, one need not know him.
    if (claim.policy == Policy::wait) return Verdict::await;
    if (claim.policy == Policy::refuse) return Verdict::refuse;
    if (state == State::elsewhere) return Verdict::unknowable;
    if (holder.verb != Verb::launch) return Verdict::await;  // there for a moment only
    if (claim.spares_living) return Verdict::refuse;
    if (holder.folder != claim.self.folder && !claim.ends_other_folders()) return Verdict::foreign;
    const bool is_newer = holder.begun > claim.self.begun;
    if (claim.policy == Policy::reuse) {
        if (is_healthy(state)) return Verdict::reuse;
        // On its way up, or down: both are worth the wait. A newer one is never ended.
        const bool is_on_its_way =
            state == State::launching || state == State::starting || state == State::stopping;
        if (is_on_its_way) return Verdict::await;
        return is_newer ? Verdict::give_way : Verdict::evict;
    }
    return is_newer ? Verdict::give_way : Verdict::evict;
}

std::string refusal(const Slot& slot, const Record& holder, Verdict verdict) {
    if (verdict == Verdict::give_way) {
        return fmt::format("gave way to a newer launch for {}: {}", slot.text(), describe(holder));
    }
    auto text = fmt::format("{} is held by {}", slot.text(), describe(holder));
    if (verdict == Verdict::foreign) {
        text += fmt::format(
            "\nit was started from another folder, so it is left alone; to end it: once stop {}",
            target_of(holder));
    } else if (verdict == Verdict::unknowable) {
        text +=
            "\nit runs in another container, or on another machine that shares this state folder, "
            "so "
            "it is left alone";
    }
    return text;
}

std::string detached_refusal(const Slot& slot, const Record& holder) {
    return fmt::format(
        "{} is held by {}\nthis command was started by it, would run under its right, and in the "
        "background outlive it; start it without --detach, or under another name",
        slot.text(), describe(holder));
}

std::string partial_refusal(const Slot& slot, const Record& holder,
                            const std::vector<Slot>& missing) {
    std::string texts;
    for (const auto& one : missing) texts += (texts.empty() ? "" : ", ") + one.text();
    return fmt::format("{} is held by {}, which does not hold {}", slot.text(), describe(holder),
                       texts);
}

}  // namespace once::claim
