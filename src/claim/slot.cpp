#include "claim/slot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace once::claim {
namespace {

// FNV-1a over 128 bits: nobody gains anything by a collision but to be refused by himself.
std::string hash_of(const std::string& folder, const std::vector<std::string>& command) {
    __extension__ using Wide = unsigned __int128;
    constexpr auto prime = (Wide{1} << 88U) + 0x13b;
    auto hash = (Wide{0x6c62272e07bb0142U} << 64U) + 0x62b821756295c58dU;
    const auto feed = [&](const std::string& text) {
        for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * prime;
        hash *= prime;  // an end that no text can hold: a zero byte
    };
    feed(folder);
    for (const auto& word : command) feed(word);
    return fmt::format("{:016x}{:016x}", static_cast<std::uint64_t>(hash >> 64U),
                       static_cast<std::uint64_t>(hash));
}

bool is_hash(std::string_view text) {
    return text.size() == 32 &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Slot Slot::port(os::Port port) { return {port, {}, {}}; }
Slot Slot::name(std::string name) { return {0, std::move(name), {}}; }
Slot Slot::folder(const std::string& folder, const std::vector<std::string>& command) {
    return {0, {}, hash_of(folder, command)};
}

std::optional<Slot> Slot::parse_file_name(std::string_view text) {
    const auto after = [&](std::string_view start) {
        return text.starts_with(start) ? text.substr(start.size()) : std::string_view();
    };
    if (const auto rest = after("port-"); !rest.empty()) {
        const auto dot = std::min(rest.find('.'), rest.size());
        os::Port number = 0;
        std::uint64_t network_namespace = 0;
        const auto* end = rest.data() + rest.size();
        (void)std::from_chars(rest.data(), rest.data() + dot, number);
        if (dot < rest.size()) (void)std::from_chars(rest.data() + dot + 1, end, network_namespace);
        // The numbers are whole, and written as we write them, if they make the same name again.
        const auto slot = port(number);
        const bool is_it = number != 0 && slot.file_name(network_namespace) == text;
        return is_it ? std::optional(slot) : std::nullopt;
    }
    if (const auto rest = after("name-"); is_valid_name(rest)) return name(std::string(rest));
    if (const auto rest = after("folder-"); is_hash(rest)) return Slot{0, {}, std::string(rest)};
    return std::nullopt;
}

std::string Slot::text() const {
    if (port_ != 0) return fmt::format("port {}", port_);
    if (!name_.empty()) return fmt::format("name '{}'", name_);
    return "this command in this folder";
}

std::string Slot::file_name(std::uint64_t network_namespace) const {
    if (port_ != 0) return fmt::format("port-{}.{}", port_, network_namespace);
    if (!name_.empty()) return "name-" + name_;
    return "folder-" + hash_;
}

bool is_valid_name(std::string_view name) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), is_allowed);
}

std::optional<os::Port> port_in(std::string_view target) {
    os::Port port = 0;
    const auto* end = target.data() + target.size();
    const auto [rest, error] = std::from_chars(target.data(), end, port);
    return error == std::errc() && rest == end && port != 0 ? std::optional(port) : std::nullopt;
}

}  // namespace once::claim
