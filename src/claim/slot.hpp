#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "os/sockets.hpp"

namespace once::claim {

/// What can be held once: a TCP port, a name, or a folder with a command line.
class Slot {
public:
    static Slot port(os::Port port);
    static Slot name(std::string name);
    /// For a launch with neither port nor name.
    static Slot folder(const std::string& folder, const std::vector<std::string>& command);

    /// From what its files are called; nothing if it is no such name.
    static std::optional<Slot> parse_file_name(std::string_view text);

    /// 0 if this is no port.
    [[nodiscard]] os::Port number() const { return port_; }

    /// As it is called in messages: `port 8001`, `name 'api'`, `this folder and command`.
    [[nodiscard]] std::string text() const;

    /// What its files are called, without an ending. A port means something within one network
    /// namespace only.
    [[nodiscard]] std::string file_name(std::uint64_t network_namespace) const;

    /// The order in which several are taken, the same for everybody.
    bool operator==(const Slot&) const = default;
    bool operator<(const Slot& other) const {
        return std::tie(port_, name_, hash_) < std::tie(other.port_, other.name_, other.hash_);
    }

private:
    Slot(os::Port port, std::string name, std::string hash)
        : port_(port), name_(std::move(name)), hash_(std::move(hash)) {}
    os::Port port_ = 0;
    std::string name_;
    std::string hash_;
};

/// A `--name` must be 1 to 64 of the characters A-Z a-z 0-9 . _ -
bool is_valid_name(std::string_view name);

/// The port that a target is, if it is one.
std::optional<os::Port> port_in(std::string_view target);

}  // namespace once::claim
