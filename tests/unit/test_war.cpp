#include <string>

#include "catch.hpp"
#include "claim/war.hpp"
#include "sample_record.hpp"

using namespace once::claim;

namespace {

constexpr std::int64_t noon = 1'700'000'000;

Starter starter(int pid, const std::string& unit = "", const std::string& pm2 = "") {
    return {{pid, static_cast<std::uint64_t>(pid) + 7}, "bash", unit, pm2};
}

// A slot that goes from one launch to the next, as admission lets it.
class Slot {
public:
    explicit Slot(const Starter& first) { holder_.starter = first; }

    std::optional<std::string> refusal(const Starter& next, std::int64_t now) const {
        return war_text(holder_, next, now);
    }
    // False if it is refused.
    bool take(const Starter& next, std::int64_t now) {
        if (refusal(next, now)) return false;
        holder_.changes = changes_after(holder_, now);
        holder_.starter = next;
        return true;
    }
    const std::vector<Change>& changes() const { return holder_.changes; }

private:
    Record holder_;
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("starters are the same by process, unit and pm2 app, all three") {
    CHECK(is_same(starter(5), starter(5)));
    CHECK_FALSE(is_same(starter(5), starter(6)));
    auto later = starter(5);
    ++later.id.started;  // the pid was used again
    CHECK_FALSE(is_same(starter(5), later));
    // All units have the same parent, as have all apps of one pm2.
    CHECK(is_same(starter(1, "a.service"), starter(1, "a.service")));
    CHECK_FALSE(is_same(starter(1, "a.service"), starter(1, "b.service")));
    CHECK_FALSE(is_same(starter(1, "a.service"), starter(1)));
    CHECK(is_same(starter(9, "", "api"), starter(9, "", "api")));
    CHECK_FALSE(is_same(starter(9, "", "api"), starter(9, "", "web")));
    // What a process calls itself makes no other of it.
    auto renamed = starter(5);
    renamed.name = "zsh";
    CHECK(is_same(starter(5), renamed));
}

TEST_CASE("two that take a slot from each other are stopped at the fourth change") {
    Slot slot(starter(1));
    CHECK(slot.take(starter(2), noon));
    CHECK(slot.take(starter(1), noon + 1));
    CHECK(slot.take(starter(2), noon + 2));
    const auto war = slot.refusal(starter(1), noon + 3);
    REQUIRE(war);
    CHECK(contains(*war, "bash (pid 1) and bash (pid 2)"));
    CHECK(contains(*war, "3 times"));
    // Refused, nothing has changed: again, as long as the memory lasts.
    CHECK(slot.refusal(starter(1), noon + 60));
    CHECK_FALSE(slot.refusal(starter(1), noon + 61));
}

TEST_CASE("somebody else is not refused for the war of two") {
    Slot slot(starter(1));
    for (const int pid : {2, 1, 2}) CHECK(slot.take(starter(pid), noon));
    CHECK_FALSE(slot.refusal(starter(3), noon));
    CHECK(slot.refusal(starter(1), noon));
    // The one who has it may start his own anew.
    CHECK_FALSE(slot.refusal(starter(2), noon));
}

TEST_CASE("one starter is never refused, however often he restarts") {
    Slot slot(starter(1));
    for (int round = 0; round < 100; ++round) CHECK(slot.take(starter(1), noon));
}

TEST_CASE("restarts by the holder's own starter are no changes of a war") {
    Slot slot(starter(1));
    CHECK(slot.take(starter(2), noon));
    for (int round = 0; round < 5; ++round) CHECK(slot.take(starter(2), noon));
    // From 1 to 2 once.
    CHECK_FALSE(slot.refusal(starter(1), noon));
}

TEST_CASE("two units, or two apps of one pm2, can make war") {
    for (const bool are_units : {true, false}) {
        const auto one = are_units ? starter(1, "a.service") : starter(9, "", "api");
        const auto other = are_units ? starter(1, "b.service") : starter(9, "", "web");
        Slot slot(one);
        for (const auto* next : {&other, &one, &other}) CHECK(slot.take(*next, noon));
        const auto war = slot.refusal(one, noon);
        REQUIRE(war);
        CHECK(contains(*war, are_units ? "the unit a.service and the unit b.service"
                                       : "pm2's 'api' and pm2's 'web'"));
    }
}

TEST_CASE("changes that are older than a minute are no war") {
    Slot slot(starter(1));
    for (int change = 0; change < 20; ++change) {
        // Two of them within any minute.
        CHECK(slot.take(starter(change % 2 == 0 ? 2 : 1), noon + 31 * change));
    }
    // Three of them within a minute, the eldest on its edge.
    Slot other(starter(1));
    CHECK(other.take(starter(2), noon));
    CHECK(other.take(starter(1), noon + 30));
    CHECK(other.take(starter(2), noon + 59));
    CHECK(other.refusal(starter(1), noon + 60));
    CHECK_FALSE(other.refusal(starter(1), noon + 61));
}

TEST_CASE("a starter of whom nothing is known makes no war, and none is made on him") {
    Starter unknown;
    Starter hardly_known;  // not looked up yet
    hardly_known.id.pid = 2;
    for (const auto& nobody : {unknown, hardly_known}) {
        Slot slot(starter(1));
        for (int round = 0; round < 10; ++round) {
            CHECK(slot.take(nobody, noon));
            CHECK(slot.take(starter(1), noon));
        }
    }
}

TEST_CASE("starters that come one after the other make no war") {
    Slot slot(starter(1));
    for (int pid = 2; pid < 20; ++pid) CHECK(slot.take(starter(pid), noon));
}

TEST_CASE("three starters in a circle make a war, for it would never end either") {
    Slot slot(starter(1));
    int taken = 0;
    while (taken < 100 && slot.take(starter(1 + (taken + 1) % 3), noon)) ++taken;
    CHECK(taken >= 3);  // each had it, and the first of them again
    CHECK(taken < 8);
}

TEST_CASE("the history has the holder last, and forgets what is older than a minute") {
    Record holder;
    holder.starter = starter(3);
    holder.changes = {{starter(1), noon - 61}, {starter(2), noon - 60}, {starter(1), noon}};
    const auto changes = changes_after(holder, noon);
    REQUIRE(changes.size() == 3);
    CHECK(is_same(changes[0].from, starter(2)));
    CHECK(is_same(changes[1].from, starter(1)));
    CHECK(is_same(changes[2].from, starter(3)));
    CHECK(changes[2].when == noon);
}

TEST_CASE("the history stays short, and keeps what is newest") {
    Slot slot(starter(1));
    for (int pid = 2; pid < 200; ++pid) REQUIRE(slot.take(starter(pid), noon));
    CHECK(slot.changes().size() >= 3);
    CHECK(slot.changes().size() <= 16);
    CHECK(is_same(slot.changes().back().from, starter(198)));
}

TEST_CASE("what starters call themselves is printed safely") {
    auto evil = starter(1);
    evil.name = "\x1b[2J";
    Slot slot(evil);
    for (const auto& next : {starter(2), evil, starter(2)}) CHECK(slot.take(next, noon));
    const auto war = slot.refusal(evil, noon);
    REQUIRE(war);
    CHECK_FALSE(contains(*war, "\x1b"));
}
