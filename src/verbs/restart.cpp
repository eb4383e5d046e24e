#include "verbs/restart.hpp"

#include "claim/description.hpp"
#include "claim/holdings.hpp"
#include "claim/restart.hpp"
#include "claim/starter.hpp"
#include "os/events.hpp"
#include "verbs/introduce.hpp"
#include "verbs/missing.hpp"

namespace once::verbs {

Ending restart(const RestartRequest& wish, const Voice& voice, std::uint64_t begun) {
    os::Events events(os::Catch::usual);
    const auto holdings = claim::read_holdings([&](const std::string& line) { voice.say(line); });
    const auto* holding = claim::the_one_meant(holdings, wish.target);
    if (holding == nullptr) {
        voice.say(missing_text(wish.target) + who_hint(wish.target));
        return Ending::exited(1);
    }
    auto self = introduce({"once", "restart", wish.target}, "", begun);
    self.verb = claim::Verb::restart;
    self.starter = claim::own_starter();
    claim::Waiting waiting(events, wish.conflict_status, nullptr);
    claim::restart(*holding, self, wish.conflict_status, waiting);
    return Ending::exited(0);
}

}  // namespace once::verbs
