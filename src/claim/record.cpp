#include "claim/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json_writer.hpp"
#include "claim/slot.hpp"

namespace once::claim {
namespace {

using Json = nlohmann::ordered_json;

// A record is a small file: of a command line as long as a book the beginning has to do.
constexpr std::size_t longest_command = 4096;
constexpr std::size_t most_words = 256;
// A text far longer than any record is damage, and would take long to read.
constexpr std::size_t longest_record = 128U << 10U;
// As much as the command line accepts, so that no sum with it overflows.
constexpr std::int64_t longest_timeout_ms = 10LL * 366 * 24 * 3600 * 1000;

// ---------------------------------------------------------------------------------------------
// Text that is no UTF-8 is written as {"hex": "…"}: a folder must be the same when it is read
// again.

bool is_utf8(const std::string& text) {
    const auto is_ascii = [](char byte) { return static_cast<unsigned char>(byte) < 0x80; };
    if (std::all_of(text.begin(), text.end(), is_ascii)) return true;
    const Json json(text);
    // They differ exactly where a byte is none.
    return json.dump(-1, ' ', false, Json::error_handler_t::ignore) ==
           json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write(JsonWriter& json, const std::string& text) {
    if (is_utf8(text)) return json.value(text);
    std::string hex;
    for (const char byte : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    json.open('{');
    json.key("hex").value(hex);
    json.close('}');
}

// Reads what `write` wrote, into `text`.
bool read(const Json& json, std::string& text) {
    if (json.is_string()) {
        text = json.get<std::string>();
        return true;
    }
    if (!json.is_object() || !json.contains("hex") || !json["hex"].is_string()) return false;
    const auto hex = json["hex"].get<std::string>();
    if (hex.size() % 2 != 0) return false;
    text.clear();
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        unsigned byte = 0;
        const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
        if (error != std::errc() || end != hex.data() + i + 2) return false;
        text += static_cast<char>(byte);
    }
    return true;
}

template <class Number>
bool read_number(const Json& json, Number& number) {
    if (!json.is_number_integer()) return false;
    // A number that does not fit is damage, not a smaller number.
    if (json.is_number_unsigned()) {
        const auto wide = json.get<std::uint64_t>();
        number = static_cast<Number>(wide);
        return static_cast<std::uint64_t>(number) == wide && number >= 0;
    }
    const auto wide = json.get<std::int64_t>();
    number = static_cast<Number>(wide);
    return std::is_signed_v<Number> && static_cast<std::int64_t>(number) == wide;
}

bool read(const Json& json, std::uint64_t& number) { return read_number(json, number); }
bool read(const Json& json, std::int64_t& number) { return read_number(json, number); }
bool read(const Json& json, int& number) { return read_number(json, number); }
bool read(const Json& json, os::Port& port) { return read_number(json, port) && port != 0; }

bool read(const Json& json, bool& flag) {
    if (json.is_boolean()) flag = json.get<bool>();
    return json.is_boolean();
}

bool read(const Json& json, os::ProcessId& id) {
    return json.is_object() && json.contains("pid") && read(json["pid"], id.pid) && id.pid >= 0 &&
           json.contains("start") && read(json["start"], id.started);
}

bool read(const Json& json, os::FileId& file) {
    return json.is_object() && json.contains("device") && read(json["device"], file.device) &&
           json.contains("inode") && read(json["inode"], file.inode);
}

bool read(const Json& json, Starter& starter);
bool read(const Json& json, Change& change);

template <class Value>
bool read(const Json& json, std::vector<Value>& values) {
    if (!json.is_array() || json.size() > 4 * most_words) return false;
    for (const auto& one : json) {
        Value value{};
        if (!read(one, value)) return false;
        values.push_back(std::move(value));
    }
    return true;
}

// A key that must be there.
template <class Value>
bool need(const Json& json, const char* key, Value& value) {
    return json.contains(key) && read(json[key], value);
}

// ---------------------------------------------------------------------------------------------

void write_facts(JsonWriter& json, os::ProcessId id) {
    json.key("pid").value(id.pid);
    json.key("start").value(id.started);
}

void write(JsonWriter& json, os::ProcessId id) {
    json.open('{');
    write_facts(json, id);
    json.close('}');
}

void write(JsonWriter& json, const os::FileId& file) {
    json.open('{');
    json.key("device").value(file.device);
    json.key("inode").value(file.inode);
    json.close('}');
}

void write(JsonWriter& json, os::Port port) { json.value(port); }

void write(JsonWriter& json, const Starter& starter) {
    json.open('{');
    write_facts(json, starter.id);
    write(json.key("name"), starter.name);
    if (!starter.systemd_unit.empty()) write(json.key("systemd_unit"), starter.systemd_unit);
    if (!starter.pm2_name.empty()) write(json.key("pm2_name"), starter.pm2_name);
    json.close('}');
}

void write(JsonWriter& json, const Change& change) {
    json.open('{');
    write(json.key("from"), change.from);
    json.key("when").value(change.when);
    json.close('}');
}

template <class Value>
void write(JsonWriter& json, const std::vector<Value>& values) {
    json.open('[');
    for (const auto& value : values) write(json, value);
    json.close(']');
}

std::vector<std::string> cut(const std::vector<std::string>& command) {
    std::vector<std::string> words;
    std::size_t length = 0;
    for (const auto& word : command) {
        if (length + word.size() > longest_command || words.size() == most_words) {
            // Of one that was read, and cut before, nothing is cut again.
            if (length < longest_command) words.push_back(word.substr(0, longest_command - length));
            words.emplace_back("…");
            break;
        }
        length += word.size() + 1;
        words.push_back(word);
    }
    return words;
}

bool read(const Json& json, Starter& starter) {
    return read(json, starter.id) && need(json, "name", starter.name) &&
           (!json.contains("systemd_unit") || read(json["systemd_unit"], starter.systemd_unit)) &&
           (!json.contains("pm2_name") || read(json["pm2_name"], starter.pm2_name));
}

// Of the kind that we make ourselves.
bool is_plain(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// An empty one would be found in the marks of processes that are nobody's.
bool is_id(const std::string& job) { return !job.empty() && is_plain(job); }

bool read(const Json& json, Change& change) {
    return json.is_object() && need(json, "from", change.from) && need(json, "when", change.when);
}

std::string_view name_of(Verb verb) {
    switch (verb) {
        case Verb::launch:
            return "launch";
        case Verb::stop:
            return "stop";
        case Verb::restart:
            return "restart";
    }
    return {};
}

}  // namespace

std::string to_text(const Record& record) {
    JsonWriter json;
    json.open('{');
    json.key("schema").value(Record::schema);
    json.key("job").value(record.job);
    json.key("boot").value(record.boot);
    json.key("network_namespace").value(record.network_namespace);
    json.key("pid_namespace").value(record.pid_namespace);
    json.key("begun").value(record.begun);
    write(json.key("once"), record.once);
    write(json.key("keeper"), record.keeper);
    write(json.key("leader"), record.leader);
    json.key("session").value(record.session);
    write(json.key("folder"), record.folder);
    write(json.key("command"), cut(record.command));
    write(json.key("ports"), record.ports);
    json.key("name").value(record.name);
    json.key("started").value(record.started);
    json.key("stop_timeout_ms").value(record.stop_timeout.count());
    write(json.key("starter"), record.starter);
    write(json.key("inherited"), record.inherited);
    write(json.key("stdio"), record.stdio);
    if (!record.changes.empty()) write(json.key("changes"), record.changes);
    if (record.is_stopping) json.key("stopping").value(true);
    if (record.sweeps_daemons) json.key("sweeps_daemons").value(true);
    if (record.is_backing_off) json.key("backing_off").value(true);
    if (record.awaits_ready) json.key("awaits_ready").value(true);
    if (!record.can_restart) json.key("can_restart").value(false);
    if (record.restarts != 0) json.key("restarts").value(record.restarts);
    if (record.verb != Verb::launch) json.key("verb").value(name_of(record.verb));
    if (record.ready_since) json.key("ready_since").value(*record.ready_since);
    if (!record.pid_file.empty()) write(json.key("pid_file"), record.pid_file);
    if (!record.log.empty()) write(json.key("log"), record.log);
    json.close('}');
    return json.text() + '\n';
}

std::optional<Record> parse(const std::string& text) {
    if (text.empty() || text.front() != '{') return std::nullopt;
    const auto length = std::min(text.find('\n'), text.size());
    if (length > longest_record) return std::nullopt;
    const auto json = Json::parse(text.substr(0, length), nullptr, false);
    int schema = 0;
    if (!json.is_object() || !need(json, "schema", schema) || schema != Record::schema) {
        return std::nullopt;
    }
    Record record;
    std::int64_t timeout = 0;
    std::int64_t ready = 0;
    std::string verb;
    const bool is_whole =
        need(json, "job", record.job) && is_id(record.job) && need(json, "boot", record.boot) &&
        is_plain(record.boot) && need(json, "network_namespace", record.network_namespace) &&
        need(json, "pid_namespace", record.pid_namespace) && need(json, "begun", record.begun) &&
        need(json, "once", record.once) && record.once.pid > 0 &&
        need(json, "keeper", record.keeper) && need(json, "leader", record.leader) &&
        need(json, "session", record.session) && need(json, "folder", record.folder) &&
        need(json, "command", record.command) && !record.command.empty() &&
        need(json, "ports", record.ports) && need(json, "name", record.name) &&
        need(json, "started", record.started) && need(json, "stop_timeout_ms", timeout) &&
        timeout >= 0 && timeout <= longest_timeout_ms && need(json, "starter", record.starter) &&
        need(json, "inherited", record.inherited) && need(json, "stdio", record.stdio) &&
        (!json.contains("changes") || read(json["changes"], record.changes)) &&
        (!json.contains("stopping") || read(json["stopping"], record.is_stopping)) &&
        (!json.contains("sweeps_daemons") || read(json["sweeps_daemons"], record.sweeps_daemons)) &&
        (!json.contains("backing_off") || read(json["backing_off"], record.is_backing_off)) &&
        (!json.contains("awaits_ready") || read(json["awaits_ready"], record.awaits_ready)) &&
        (!json.contains("can_restart") || read(json["can_restart"], record.can_restart)) &&
        (!json.contains("restarts") || read(json["restarts"], record.restarts)) &&
        record.restarts >= 0 && (!json.contains("verb") || read(json["verb"], verb)) &&
        (!json.contains("ready_since") || read(json["ready_since"], ready)) &&
        (!json.contains("pid_file") || read(json["pid_file"], record.pid_file)) &&
        (!json.contains("log") || read(json["log"], record.log)) &&
        (record.name.empty() || is_valid_name(record.name)) &&
        std::all_of(record.inherited.begin(), record.inherited.end(), is_id);
    if (!is_whole) return std::nullopt;
    record.stop_timeout = Duration(timeout);
    if (json.contains("ready_since")) record.ready_since = ready;
    if (verb == name_of(Verb::stop)) record.verb = Verb::stop;
    if (verb == name_of(Verb::restart)) record.verb = Verb::restart;
    return record;
}

}  // namespace once::claim
