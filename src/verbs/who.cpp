#include "verbs/who.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "claim/description.hpp"
#include "claim/guard.hpp"
#include "claim/holdings.hpp"
#include "claim/stranger.hpp"
#include "os/machine.hpp"
#include "os/output.hpp"
#include "os/process.hpp"
#include "verbs/table.hpp"

namespace once::verbs {
namespace {

using Json = nlohmann::ordered_json;
using claim::Holding;
using claim::Stranger;

// One who has the port: a job of ours by its record, or a stranger.
struct Owner {
    const Holding* holding = nullptr;
    Stranger stranger;
};

struct Finding {
    std::vector<Holding> holdings;
    std::vector<Owner> owners;
    std::vector<const Holding*> silent;  ///< claim the port, and do not listen
    bool is_taken = false;               ///< it cannot be bound, although nobody listens
    std::vector<os::Socket> others;      ///< who takes it then, as far as the kernel tells
};

Finding look(os::Port port) {
    Finding finding;
    finding.holdings = claim::read_holdings([](const std::string&) {});
    for (auto& stranger : claim::find_strangers(port)) {
        const auto* holding = stranger.is_visible()
                                  ? claim::holding_of(stranger.sharers.front(), finding.holdings)
                                  : nullptr;
        if (holding != nullptr && claim::is_held(holding->record)) {
            stranger.members = claim::processes_of(holding->record);
        }
        finding.owners.push_back({holding, std::move(stranger)});
    }
    for (const auto& holding : finding.holdings) {
        const auto& ports = holding.record.ports;
        const bool claims = std::find(ports.begin(), ports.end(), port) != ports.end();
        const bool listens =
            std::any_of(finding.owners.begin(), finding.owners.end(),
                        [&](const Owner& owner) { return owner.holding == &holding; });
        if (claims && !listens && holding.state != claim::State::elsewhere) {
            finding.silent.push_back(&holding);
        }
    }
    finding.is_taken = finding.owners.empty() && os::probe(port) == os::PortState::busy;
    if (finding.is_taken) finding.others = os::other_users(port);
    return finding;
}

// What would end it, as a command, or why nothing does.
std::string end_text(os::Port port, const Owner& owner) {
    if (owner.holding != nullptr) {
        const auto& record = owner.holding->record;
        const auto target = claim::target_of(record);
        if (!claim::is_held(record)) return "a crashed once left it; to end it: once stop --stale";
        return fmt::format("once started it; to end it: once stop {}",
                           target.empty() ? fmt::format("--force {}", port) : target);
    }
    if (const auto guard = claim::guard_of(owner.stranger)) {
        return claim::advice(*guard, owner.stranger);
    }
    return fmt::format("it was not started by once; to end it: once stop --force {}", port);
}

std::string addresses_text(const std::vector<os::Socket>& sockets) {
    std::vector<std::string> told;
    std::string text;
    for (const auto& socket : sockets) {
        if (std::find(told.begin(), told.end(), socket.address) != told.end()) continue;
        told.push_back(socket.address);
        const bool is_ipv6 = socket.address.find(':') != std::string::npos;
        text += text.empty() ? "" : " and ";
        text += is_ipv6 ? '[' + socket.address + ']' : socket.address;
    }
    return text;
}

std::string user_text(int pid) {
    const auto owner = os::owner_of(pid);
    return owner ? printable(os::user_name(*owner)) : "?";
}

std::string owner_text(os::Port port, const Owner& owner) {
    const auto& stranger = owner.stranger;
    const auto where = addresses_text(stranger.sockets);
    if (!stranger.is_visible()) {
        return fmt::format("port {} on {}: a process of the user {} that we may not see\n{}\n",
                           port, where, printable(os::user_name(stranger.sockets.front().owner)),
                           end_text(port, owner));
    }
    const auto root = stranger.members.empty() ? stranger.roots.front() : stranger.members.front();
    const int pid = root.id.pid;
    // The record knows who has started it; for others the parent has to do.
    const bool is_ours = owner.holding != nullptr && claim::is_held(owner.holding->record);
    const auto what = is_ours ? claim::describe(owner.holding->record)
                              : fmt::format("{}, started {}{}", claim::describe_process(pid),
                                            claim::ago_text(root.id), claim::starter_text(pid));
    return fmt::format(
        "port {} on {}: {}\n{}: user {}, '*' listens\n{}{}\n", port, where, what,
        is_ours ? "held by once for " + claim::slots_text(owner.holding->record) : "whole job",
        user_text(pid), tree_text(stranger.members, stranger.sharers), end_text(port, owner));
}

std::string text_of(os::Port port, const Finding& finding) {
    std::string text;
    for (const auto& owner : finding.owners) {
        text += (text.empty() ? "" : "\n") + owner_text(port, owner);
    }
    for (const auto* holding : finding.silent) {
        const bool is_stopping = holding->state == claim::State::stopping;
        text += fmt::format("{}port {} is claimed by {}, which {}\n", text.empty() ? "" : "\n",
                            port, claim::describe(holding->record),
                            is_stopping ? "is stopping" : "does not listen on it");
    }
    if (finding.is_taken) text += claim::describe_non_listeners(port) + '\n';
    return text.empty() ? fmt::format("port {} is free\n", port) : text;
}

// ---------------------------------------------------------------------------------------------

std::string_view use_name(os::SocketUse use) {
    switch (use) {
        case os::SocketUse::listening:
            return "listening";
        case os::SocketUse::bound:
            return "bound";
        case os::SocketUse::connected:
            return "connected";
        case os::SocketUse::lingering:
            return "time_wait";
    }
    return "?";
}

// JSON is UTF-8; what is none becomes U+FFFD.
Json text_json(const std::string& text) {
    return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace));
}

Json sockets_json(const std::vector<os::Socket>& sockets) {
    auto all = Json::array();
    for (const auto& socket : sockets) {
        Json json{{"use", use_name(socket.use)},
                  {"address", socket.address},
                  {"user", text_json(os::user_name(socket.owner))}};
        if (socket.peer_port != 0) {
            json["peer_address"] = socket.peer_address;
            json["peer_port"] = socket.peer_port;
        }
        all.push_back(std::move(json));
    }
    return all;
}

Json process_json(const os::ProcessFacts& process, const std::vector<int>& listeners) {
    const int pid = process.id.pid;
    auto command = Json::array();
    for (const auto& word : os::arguments_of(pid)) command.push_back(text_json(word));
    return {{"pid", pid},
            {"start", process.id.started},
            {"parent", process.parent},
            {"name", text_json(process.name)},
            {"command", command},
            {"folder", text_json(os::folder_of(pid))},
            {"user", text_json(user_text(pid))},
            {"age_seconds", os::age_of(process.id).count()},
            {"memory_bytes", os::memory_of(pid)},
            {"cpu_ms", process.cpu_time.count()},
            {"listens", std::find(listeners.begin(), listeners.end(), pid) != listeners.end()}};
}

std::string_view kind_of(const Owner& owner) {
    if (owner.holding != nullptr) {
        return claim::is_held(owner.holding->record) ? "once" : "leftover";
    }
    const auto guard = claim::guard_of(owner.stranger);
    return guard ? claim::name_of(guard->kind) : "stranger";
}

Json owner_json(os::Port port, const Owner& owner) {
    Json json{{"kind", kind_of(owner)}, {"sockets", sockets_json(owner.stranger.sockets)}};
    auto processes = Json::array();
    for (const auto& member : owner.stranger.members) {
        processes.push_back(process_json(member, owner.stranger.sharers));
    }
    json["processes"] = std::move(processes);
    if (owner.holding != nullptr) {
        json["record"] = Json::parse(claim::to_text(owner.holding->record));
    }
    json["advice"] = text_json(end_text(port, owner));
    return json;
}

std::string json_of(os::Port port, const Finding& finding) {
    Json json{{"schema", 1}, {"port", port}};
    auto owners = Json::array();
    for (const auto& owner : finding.owners) owners.push_back(owner_json(port, owner));
    auto silent = Json::array();
    for (const auto* holding : finding.silent) {
        silent.push_back(Json::parse(claim::to_text(holding->record)));
    }
    json["listeners"] = std::move(owners);
    json["claimed_by"] = std::move(silent);
    json["other_sockets"] = sockets_json(finding.others);
    // In ASCII: among the other characters are some that terminals obey.
    return json.dump(2, ' ', true) + '\n';
}

}  // namespace

Ending who(const WhoRequest& wish) {
    const auto finding = look(wish.port);
    os::write_out(wish.as_json ? json_of(wish.port, finding) : text_of(wish.port, finding));
    const bool is_free = finding.owners.empty() && finding.silent.empty() && !finding.is_taken;
    return Ending::exited(is_free ? 1 : 0);
}

}  // namespace once::verbs
