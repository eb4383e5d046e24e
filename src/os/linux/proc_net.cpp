#include "os/linux/proc_net.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>

#include "os/linux/read_file.hpp"

namespace once::os {
namespace {

std::string_view next_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto end = std::min(line.find(' '), line.size());
    const auto word = line.substr(0, end);
    line.remove_prefix(end);
    return word;
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

struct Endpoint {
    std::string address;
    Port port = 0;
};

// `0100007F:1F41`: the address in 32-bit words of the machine's byte order, the port as a number.
std::optional<Endpoint> parse_endpoint(std::string_view text, bool version6) {
    const std::size_t digits = version6 ? 32 : 8;
    if (text.size() != digits + 5 || text[digits] != ':') return std::nullopt;
    std::array<std::uint32_t, 4> words{};
    for (std::size_t i = 0; i < digits / 8; ++i) {
        const auto word = number(text.substr(i * 8, 8), 16);
        if (!word) return std::nullopt;
        words[i] = static_cast<std::uint32_t>(*word);
    }
    const auto port = number(text.substr(digits + 1), 16);
    if (!port) return std::nullopt;
    std::array<char, INET6_ADDRSTRLEN> shown{};
    (void)::inet_ntop(version6 ? AF_INET6 : AF_INET, words.data(), shown.data(), shown.size());
    return Endpoint{shown.data(), static_cast<Port>(*port)};
}

SocketUse use_of(std::uint64_t state) {
    if (state == TCP_LISTEN) return SocketUse::listening;
    if (state == TCP_TIME_WAIT) return SocketUse::lingering;
    return SocketUse::connected;
}

std::optional<Socket> parse_line(std::string_view line, bool version6) {
    (void)next_word(line);  // sl
    const auto local = parse_endpoint(next_word(line), version6);
    const auto peer = parse_endpoint(next_word(line), version6);
    const auto state = number(next_word(line), 16);
    for (int skipped = 0; skipped < 3; ++skipped)
        (void)next_word(line);  // queues, timer, retransmits
    const auto owner = number(next_word(line), 10);
    (void)next_word(line);  // timeout
    const auto inode = number(next_word(line), 10);
    if (!local || !peer || !state || !owner || !inode) return std::nullopt;
    return Socket{use_of(*state), local->port,   local->address,
                  peer->port,     peer->address, static_cast<std::uint32_t>(*owner),
                  *inode};
}

}  // namespace

std::vector<Socket> parse_proc_net(std::string_view text, bool version6) {
    std::vector<Socket> found;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (auto socket = parse_line(text.substr(0, end), version6)) {
            found.push_back(std::move(*socket));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return found;
}

std::vector<Socket> read_proc_net(std::optional<Port> port) {
    std::vector<Socket> found;
    for (const bool version6 : {false, true}) {
        const auto text = read_file(version6 ? "/proc/net/tcp6" : "/proc/net/tcp", 64U << 20U);
        if (!text) continue;
        for (auto& socket : parse_proc_net(*text, version6)) {
            if (!port || socket.port == *port) found.push_back(std::move(socket));
        }
    }
    return found;
}

}  // namespace once::os
