#include "verbs/status.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "claim/description.hpp"
#include "claim/holder.hpp"
#include "claim/slot.hpp"
#include "os/machine.hpp"
#include "os/output.hpp"
#include "os/state_folder.hpp"

namespace once::verbs {
namespace {

struct Row {
    claim::Record record;
    claim::State state;
};

std::string_view state_name(claim::State state) {
    switch (state) {
        case claim::State::elsewhere:
            return "elsewhere";
        case claim::State::launching:
            return "launching";
        case claim::State::starting:
            return "starting";
        case claim::State::running:
            return "running";
        case claim::State::ready:
            return "ready";
        case claim::State::not_listening:
            return "not listening";
        case claim::State::suspended:
            return "suspended";
        case claim::State::stopping:
            return "stopping";
        case claim::State::leftover:
            return "leftover";
        case claim::State::gone:
            return "gone";
    }
    return "?";
}

std::string slot_text(const claim::Record& record) {
    std::string text = fmt::format("{}", fmt::join(record.ports, ","));
    if (!record.name.empty()) text += (text.empty() ? "" : " ") + record.name;
    return text.empty() ? "(folder)" : text;
}

bool is_wanted(const claim::Record& record, const std::string& target) {
    const auto is_port = [&](os::Port port) { return std::to_string(port) == target; };
    return record.name == target || std::any_of(record.ports.begin(), record.ports.end(), is_port);
}

// Read without any lock: a record says what it says at this moment.
std::vector<Row> read_rows(const Voice& voice) {
    std::vector<Row> rows;
    const auto folder = os::StateFolder::open(os::state_path(), os::boot_id());
    if (!folder) return rows;
    for (const auto& name : folder->names()) {
        constexpr std::string_view ending = ".lock";
        if (!name.ends_with(ending)) continue;
        const auto file = name.substr(0, name.size() - ending.size()) + ".json";
        const auto text = folder->read(file);
        if (text && !claim::parse(*text)) {
            voice.say(fmt::format("the record '{}/{}' is damaged", folder->path(), file));
            continue;
        }
        // Before there is a record the lock itself tells who has it.
        auto record = claim::parse(text ? *text : folder->read(name).value_or(""));
        if (!record) continue;
        // A launch with several slots has a record beside each.
        const auto is_same = [&](const Row& row) { return row.record.job == record->job; };
        if (std::any_of(rows.begin(), rows.end(), is_same)) continue;
        const auto state = claim::state_of(*record);
        if (state != claim::State::gone) rows.push_back({std::move(*record), state});
    }
    return rows;
}

std::string table_text(const std::vector<Row>& rows) {
    std::vector<std::vector<std::string>> cells{
        {"SLOT", "STATE", "PID", "AGE", "FOLDER", "COMMAND"}};
    for (const auto& [record, state] : rows) {
        cells.push_back({slot_text(record), std::string(state_name(state)),
                         std::to_string(record.once.pid), span_text(os::age_of(record.once)),
                         claim::folder_text(record.folder), claim::command_text(record.command)});
    }
    std::vector<std::size_t> widths(cells.front().size());
    for (const auto& row : cells) {
        for (std::size_t i = 0; i + 1 < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    const auto width = os::stdout_width();
    std::string text;
    for (const auto& row : cells) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += i + 1 < row.size() ? fmt::format("{:<{}}  ", row[i], widths[i]) : row[i];
        }
        text += (width ? shortened(line, static_cast<std::size_t>(*width)) : line) + '\n';
    }
    return text;
}

std::string json_text(const std::vector<Row>& rows) {
    auto all = nlohmann::ordered_json::array();
    for (const auto& [record, state] : rows) {
        auto json = nlohmann::ordered_json::parse(claim::to_text(record));
        json["state"] = state_name(state);
        all.push_back(std::move(json));
    }
    return all.dump(2) + '\n';
}

}  // namespace

Ending status(const StatusRequest& wish, const Voice& voice) {
    auto rows = read_rows(voice);
    bool all_found = true;
    for (const auto& target : wish.targets) {
        const auto is_it = [&](const Row& row) { return is_wanted(row.record, target); };
        if (std::any_of(rows.begin(), rows.end(), is_it)) continue;
        all_found = false;
        voice.say(fmt::format("nobody started by once holds '{}'", target));
    }
    if (!wish.targets.empty()) {
        std::erase_if(rows, [&](const Row& row) {
            return std::none_of(wish.targets.begin(), wish.targets.end(),
                                [&](const auto& target) { return is_wanted(row.record, target); });
        });
    }
    if (wish.as_json) {
        os::write_out(json_text(rows));
    } else if (!rows.empty()) {
        os::write_out(table_text(rows));
    } else if (wish.targets.empty()) {
        voice.say("nothing is held");
    }
    const bool all_well = std::all_of(rows.begin(), rows.end(),
                                      [](const Row& row) { return claim::is_healthy(row.state); });
    return Ending::exited(all_found && all_well ? 0 : 1);
}

}  // namespace once::verbs
