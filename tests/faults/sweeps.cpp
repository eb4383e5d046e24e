#include "sweeps.hpp"

#include <iostream>

#include "catch.hpp"
#include "tracer/errnos.hpp"

namespace once::test {

namespace {

using Action = Intervention::Action;

/// From run to run there may be a call more or less, and on a loaded machine a run may be cut
/// short, so one place that was not reached is not yet the end.
constexpr int enough = 8;

/// What a sweep has found. It goes on after a complaint: all are wanted.
class Tally {
public:
    explicit Tally(const Play& play) : play_(play) {}
    ~Tally() = default;

    bool was_hit(const Intervention& wish) {
        Trial trial(play_, wish);
        trial.run();
        last_call_ = trial.call();
        last_errors_ = trial.errors();
        last_calls_ = trial.calls();
        if (!trial.complaints().empty()) {
            std::cout << trial.complaints() << std::flush;
            complaints_ += trial.complaints();
        }
        return trial.was_hit();
    }

    long last_call() const { return last_call_; }
    std::size_t last_errors() const { return last_errors_; }
    int last_calls() const { return last_calls_; }

    void conclude(const std::string& figures) const {
        std::cout << play_.name << ", " << figures << std::endl;
        CHECK(complaints_ == "");
    }

private:
    const Play& play_;
    long last_call_ = -1;
    std::size_t last_errors_ = 0;
    int last_calls_ = 0;
    std::string complaints_;
};

/// The number of places.
int at_each_place(Tally& tally, Intervention wish) {
    int places = 0;
    for (int missed = 0; missed < enough; ++wish.place) {
        const bool was_hit = tally.was_hit(wish);
        missed = was_hit ? 0 : missed + 1;
        if (was_hit) ++places;
    }
    return places;
}

void kill_at_each_call(const Play& play, Role role, const std::vector<Role>& victims) {
    Tally tally(play);
    const int before = at_each_place(
        tally,
        {.action = Action::kill_before, .role = role, .place = 1, .victims = victims, .error = 0});
    const int after = at_each_place(
        tally,
        {.action = Action::kill_after, .role = role, .place = 1, .victims = victims, .error = 0});
    std::string whom;
    for (const Role victim : victims)
        whom += std::string(whom.empty() ? "" : "+") + name_of(victim);
    tally.conclude("at the calls of " + std::string(name_of(role)) + ": " + whom + " killed " +
                   std::to_string(before) + " times before and " + std::to_string(after) +
                   " times after");
}

bool has(const Play& play, Role role) {
    for (const Role one : play.roles) {
        if (one == role) return true;
    }
    return false;
}

}  // namespace

void sample_kills(const Play& play) {
    for (const Role role : play.roles) kill_at_each_call(play, role, {role});
}

void sweep_kills(const Play& play) {
    sample_kills(play);
    if (!has(play, Role::keeper)) return;
    kill_at_each_call(play, Role::launcher, {Role::keeper});
    kill_at_each_call(play, Role::launcher, {Role::once});
    kill_at_each_call(play, Role::once, {Role::keeper});
    kill_at_each_call(play, Role::keeper, {Role::once});
    for (const Role role : {Role::once, Role::keeper, Role::launcher}) {
        kill_at_each_call(play, role, {Role::once, Role::keeper});
    }
}

void sweep_errnos(const Play& play) {
    for (const Role role : play.roles) {
        Tally tally(play);
        int faults = 0;
        int places = 0;
        for (int missed = 0; missed < enough;) {
            Intervention wish{
                .action = Action::fail, .role = role, .place = ++places, .victims = {}, .error = 0};
            const bool was_hit = tally.was_hit(wish);
            missed = was_hit ? 0 : missed + 1;
            if (!was_hit) continue;
            INFO(tally.last_call());
            CHECK(is_listed(tally.last_call()));
            const std::size_t errors = tally.last_errors();
            if (errors > 0) ++faults;
            for (wish.error = 1; wish.error < errors; ++wish.error) {
                if (tally.was_hit(wish)) ++faults;
            }
        }
        tally.conclude(std::string(name_of(role)) + ": " + std::to_string(places - enough) +
                       " calls, " + std::to_string(faults) + " faults injected");
    }
}

void sample_errnos(const Play& play) {
    for (const Role role : play.roles) {
        Tally tally(play);
        int faults = 0;
        std::size_t next = 0;
        Intervention wish{
            .action = Action::fail, .role = role, .place = 1, .victims = {}, .error = 0};
        for (int missed = 0; missed < enough; ++wish.place) {
            wish.error = next;
            bool was_hit = tally.was_hit(wish);
            if (was_hit && tally.last_errors() == 0 && next > 0) {
                next = 0;  // it has fewer
                wish.error = 0;
                was_hit = tally.was_hit(wish);
            }
            missed = was_hit ? 0 : missed + 1;
            if (was_hit && tally.last_errors() > 0) {
                ++faults;
                ++next;
            }
        }
        tally.conclude(std::string(name_of(role)) + ": " + std::to_string(wish.place - 1 - enough) +
                       " calls, " + std::to_string(faults) + " faults injected");
    }
}

}  // namespace once::test
