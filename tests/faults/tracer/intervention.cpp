#include "intervention.hpp"

namespace once::test {

namespace {

constexpr const char* action_names[] = {"none", "kill-before", "kill-after", "fail"};

/// One letter for each victim.
constexpr char letters[] = {'c', 'o', 'k', 'l'};

Role role_named(const std::string& name) {
    for (const Role role : {Role::caller, Role::once, Role::keeper}) {
        if (name == name_of(role)) return role;
    }
    return Role::launcher;
}

}  // namespace

const char* name_of(Role role) {
    switch (role) {
        case Role::caller:
            return "caller";
        case Role::once:
            return "once";
        case Role::keeper:
            return "keeper";
        case Role::launcher:
            return "launcher";
    }
    return "";
}

Intervention parse_intervention(const std::vector<std::string>& words) {
    Intervention wish;
    for (int action = 0; action < 4; ++action) {
        if (words[0] == action_names[action]) {
            wish.action = static_cast<Intervention::Action>(action);
        }
    }
    wish.role = role_named(words[1]);
    wish.place = std::stoi(words[2]);
    if (wish.action == Intervention::Action::fail) {
        wish.error = std::stoul(words[3]);
        return wish;
    }
    for (const char letter : words[3]) {
        for (int role = 0; role < 4; ++role) {
            if (letter == letters[role]) wish.victims.push_back(static_cast<Role>(role));
        }
    }
    return wish;
}

std::vector<std::string> to_words(const Intervention& wish) {
    std::string last = std::to_string(wish.error);
    if (wish.action != Intervention::Action::fail) {
        last = "-";
        for (const Role victim : wish.victims) last += letters[static_cast<int>(victim)];
    }
    return {action_names[static_cast<int>(wish.action)], name_of(wish.role),
            std::to_string(wish.place), last};
}

}  // namespace once::test
