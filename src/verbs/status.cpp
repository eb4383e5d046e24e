#include "verbs/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "base/failure.hpp"
#include "base/text.hpp"
#include "claim/description.hpp"
#include "claim/holdings.hpp"
#include "job/port_watch.hpp"
#include "os/events.hpp"
#include "os/output.hpp"
#include "verbs/missing.hpp"
#include "verbs/table.hpp"

namespace once::verbs {
namespace {

using claim::Holding;
using claim::State;

std::string_view state_name(State state) {
    switch (state) {
        case State::elsewhere:
            return "elsewhere";
        case State::launching:
            return "launching";
        case State::starting:
            return "starting";
        case State::running:
            return "running";
        case State::ready:
            return "ready";
        case State::not_listening:
            return "not listening";
        case State::suspended:
            return "suspended";
        case State::backing_off:
            return "backing off";
        case State::stopping:
            return "stopping";
        case State::leftover:
            return "leftover";
        case State::gone:
            return "gone";
    }
    return "?";
}

// Whether the job listens on what it claims.
enum class Listens { nowhere, ours, nobody, strangers };

// What a crashed job has left has no keeper to be found below.
Listens listens_without_keeper(const claim::Record& record) {
    std::vector<int> pids;
    for (const auto& process : claim::processes_of(record)) pids.push_back(process.id.pid);
    const auto is_theirs = [&](os::Port port) {
        return !os::find_owners(os::inodes_of(os::listeners(port)), pids).found.empty();
    };
    const bool all = std::all_of(record.ports.begin(), record.ports.end(), is_theirs);
    return all ? Listens::ours : Listens::nobody;
}

Listens listens(const Holding& holding) {
    const auto& record = holding.record;
    if (record.ports.empty()) return Listens::nowhere;
    if (holding.state == State::leftover) return listens_without_keeper(record);
    if (record.keeper.pid == 0) return Listens::nobody;
    auto all = Listens::ours;
    for (const auto port : record.ports) {
        switch (job::look_at(port, record.keeper.pid).standing) {
            case job::PortLook::Standing::ours:
                break;
            case job::PortLook::Standing::strangers:
                return Listens::strangers;
            case job::PortLook::Standing::silent:
            case job::PortLook::Standing::unclear:
                all = Listens::nobody;
                break;
        }
    }
    return all;
}

std::string_view listens_text(Listens how) {
    switch (how) {
        case Listens::nowhere:
            return "-";
        case Listens::ours:
            return "yes";
        case Listens::nobody:
            return "no";
        case Listens::strangers:
            return "stranger";
    }
    return "?";
}

// One that is not here has nothing that we could look at.
bool can_be_seen(const Holding& holding) { return holding.state != State::elsewhere; }

std::string table_of(const std::vector<Holding>& holdings) {
    std::vector<std::vector<std::string>> rows{{"SLOT", "STATE", "LISTENS", "PID", "AGE",
                                                "RESTARTS", "MEMORY", "CPU", "FOLDER", "COMMAND"}};
    for (const auto& holding : holdings) {
        const auto& record = holding.record;
        const bool is_seen = can_be_seen(holding);
        const auto usage = is_seen ? usage_of(claim::processes_of(record)) : Usage();
        rows.push_back({claim::slots_text(record), std::string(state_name(holding.state)),
                        is_seen ? std::string(listens_text(listens(holding))) : "?",
                        std::to_string(record.once.pid),
                        is_seen ? span_text(os::age_of(record.once)) : "?",
                        std::to_string(record.restarts), is_seen ? size_text(usage.memory) : "?",
                        is_seen ? cpu_text(usage.cpu_time) : "?", claim::folder_text(record.folder),
                        claim::command_text(record.command)});
    }
    constexpr std::size_t folder_column = 8;
    // What is asked for least goes first: CPU, RESTARTS, MEMORY, AGE.
    return table_text(std::move(rows), folder_column, {7, 5, 6, 4});
}

// A table for each of them, with its tree below.
std::string trees_of(const std::vector<Holding>& holdings) {
    std::string text;
    for (const auto& holding : holdings) {
        text += (text.empty() ? "" : "\n") + table_of({holding});
        if (can_be_seen(holding)) text += tree_text(claim::processes_of(holding.record), {});
    }
    return text;
}

std::string json_of(const std::vector<Holding>& holdings) {
    auto all = nlohmann::ordered_json::array();
    for (const auto& holding : holdings) {
        auto json = nlohmann::ordered_json::parse(claim::to_text(holding.record));
        json["state"] = state_name(holding.state);
        if (can_be_seen(holding)) {
            const auto processes = claim::processes_of(holding.record);
            const auto usage = usage_of(processes);
            json["listens"] = listens_text(listens(holding));
            json["memory_bytes"] = usage.memory;
            json["cpu_ms"] = usage.cpu_time.count();
            auto pids = nlohmann::ordered_json::array();
            for (const auto& process : processes) pids.push_back(process.id.pid);
            json["pids"] = std::move(pids);
        }
        all.push_back(std::move(json));
    }
    // In ASCII: among the other characters are some that terminals obey.
    return all.dump(2, ' ', true) + '\n';
}

struct Picture {
    std::string text;
    std::string remark;  ///< for stderr
    int status = 0;
};

Picture draw(const StatusRequest& wish, const Voice& voice) {
    Picture picture;
    auto holdings = claim::read_holdings([&](const std::string& line) { voice.say(line); });
    for (const auto& target : wish.targets) {
        const auto is_it = [&](const Holding& one) { return claim::is_meant(one.record, target); };
        if (std::any_of(holdings.begin(), holdings.end(), is_it)) continue;
        picture.status = 1;
        picture.remark += missing_text(target) + who_hint(target) + '\n';
    }
    if (!wish.targets.empty()) {
        std::erase_if(holdings, [&](const Holding& one) {
            return std::none_of(wish.targets.begin(), wish.targets.end(), [&](const auto& target) {
                return claim::is_meant(one.record, target);
            });
        });
    }
    if (wish.as_json) {
        picture.text = json_of(holdings);
    } else if (!holdings.empty()) {
        picture.text = wish.with_trees ? trees_of(holdings) : table_of(holdings);
    } else if (wish.targets.empty()) {
        picture.remark = "nothing is held\n";
    }
    const bool all_well = std::all_of(holdings.begin(), holdings.end(), [](const Holding& one) {
        return claim::is_healthy(one.state);
    });
    if (!all_well) picture.status = 1;
    return picture;
}

// Draws it again and again, until a signal ends us.
[[noreturn]] void watch(const StatusRequest& wish, const Voice& voice) {
    os::Events events(os::Catch::usual);
    const bool is_terminal = os::stdout_width().has_value();
    while (true) {
        const auto picture = draw(wish, voice);
        const auto text = picture.remark + picture.text;
        os::write_out(is_terminal ? "\033[H\033[2J" + text : text);  // from the top left, anew
        const auto until = Clock::now() + *wish.pause;
        while (Clock::now() < until) {
            const auto event = events.next(until);
            const auto* signal = std::get_if<os::Signal>(&event);
            if (signal == nullptr || signal->number == SIGCHLD) continue;
            throw Failure(Ending::killed(signal->number), "");
        }
    }
}

}  // namespace

Ending status(const StatusRequest& wish, const Voice& voice) {
    if (wish.pause) watch(wish, voice);
    const auto picture = draw(wish, voice);
    if (!picture.remark.empty()) voice.say(picture.remark);
    if (!picture.text.empty()) os::write_out(picture.text);
    return Ending::exited(picture.status);
}

}  // namespace once::verbs
