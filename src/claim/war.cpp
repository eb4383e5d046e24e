#include "claim/war.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace once::claim {
namespace {

constexpr std::int64_t memory = 60;  // seconds
constexpr int most_changes = 3;

// Said of one who has not been looked up yet: it is nobody.
bool is_known(const Starter& starter) { return starter.id.pid != 0 && starter.id.started != 0; }

std::string text_of(const Starter& starter) {
    if (!starter.systemd_unit.empty()) return "the unit " + printable(starter.systemd_unit);
    if (!starter.pm2_name.empty()) return fmt::format("pm2's '{}'", printable(starter.pm2_name));
    return fmt::format("{} (pid {})", printable(starter.name), starter.id.pid);
}

}  // namespace

bool is_same(const Starter& one, const Starter& other) {
    return one.id == other.id && one.systemd_unit == other.systemd_unit &&
           one.pm2_name == other.pm2_name;
}

std::vector<Change> changes_after(const Record& holder, std::int64_t now) {
    constexpr std::size_t longest = 8;
    std::vector<Change> changes;
    for (const auto& change : holder.changes) {
        if (now - change.when <= memory) changes.push_back(change);
    }
    changes.push_back({holder.starter, now});
    if (changes.size() > longest) {
        changes.erase(changes.begin(), changes.end() - static_cast<std::ptrdiff_t>(longest));
    }
    return changes;
}

std::optional<std::string> war_text(const Record& holder, const Starter& self, std::int64_t now) {
    if (!is_known(self) || !is_known(holder.starter) || is_same(self, holder.starter)) {
        return std::nullopt;
    }
    int count = 0;
    auto next = holder.starter;
    for (auto change = holder.changes.rbegin(); change != holder.changes.rend(); ++change) {
        const bool is_between = is_known(change->from) && !is_same(change->from, next) &&
                                (is_same(change->from, self) || is_same(next, self));
        if (is_between && now - change->when <= memory) ++count;
        next = change->from;
    }
    if (count < most_changes) return std::nullopt;
    return fmt::format(
        "{} and {} take the slot from each other: it has changed hands {} times within a minute\n"
        "one of them has to stop; until then the newcomer is refused",
        text_of(self), text_of(holder.starter), count);
}

}  // namespace once::claim
