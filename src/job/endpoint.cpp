#include "job/endpoint.hpp"

#include <algorithm>
#include <charconv>

namespace once::job {
namespace {

constexpr os::Port http_port = 80;

constexpr auto accepted = "it can be tcp:HOST:PORT, http://HOST[:PORT][/PATH] or file:PATH";
constexpr auto only_plain =
    "once speaks plain http only; wait for tcp:HOST:443, or for an http port behind it";
constexpr auto no_user = "it cannot have a user or a password";
constexpr auto bad_host =
    "a host has the characters A-Z a-z 0-9 . _ -, an IPv6 address is in brackets: tcp:[::1]:6379";
constexpr auto bad_port = "it needs a port, a number from 1 to 65535: tcp:localhost:6379";
constexpr auto bad_path = "blanks, control characters and other letters are written as %20, %C3%A9";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name(std::string_view host) {
    return !host.empty() && host.size() <= 253 && host.front() != '-' &&
           std::all_of(host.begin(), host.end(), [](char c) {
               return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
           });
}

// As far as it matters here; the machine judges the rest. `%eth0` says on which side it is.
bool is_v6(std::string_view host) {
    const auto percent = std::min(host.find('%'), host.size());
    const auto address = host.substr(0, percent);
    const auto zone = host.substr(percent);
    return address.find(':') != std::string_view::npos &&
           address.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos &&
           (zone.empty() || is_name(zone.substr(1)));
}

// Whether all of it can stand in the first line of a request.
bool is_path(std::string_view path) {
    return std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool set_port(Endpoint& endpoint, std::string_view text) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, endpoint.port);
    return error == std::errc() && stop == end && endpoint.port > 0;
}

// HOST:PORT or [HOST]:PORT; what is wrong with it, or null. `usual` is the port if there is none.
const char* set_address(Endpoint& endpoint, std::string_view text, os::Port usual) {
    if (text.find('@') != std::string_view::npos) return no_user;
    const bool is_bracketed = text.starts_with('[');
    const auto colon = is_bracketed ? text.find(']') : text.rfind(':');
    auto host = text.substr(0, colon);
    auto port = text.substr(std::min(colon, text.size()));
    if (is_bracketed) {
        host.remove_prefix(1);
        if (!port.empty()) port.remove_prefix(1);
        if (colon == std::string_view::npos || !is_v6(host)) return bad_host;
    } else if (!is_name(host)) {
        return bad_host;
    }
    endpoint.host = host;
    endpoint.port = usual;
    if (port.empty() && usual != 0) return nullptr;
    return port.starts_with(':') && set_port(endpoint, port.substr(1)) ? nullptr : bad_port;
}

const char* set_http(Endpoint& endpoint, std::string_view text) {
    text = text.substr(0, text.find('#'));  // a fragment is for the reader, and never sent
    const auto end = std::min(text.find_first_of("/?"), text.size());
    const auto path = text.substr(end);
    if (!is_path(path)) return bad_path;
    endpoint.path = path.starts_with('/') ? path : '/' + std::string(path);
    return set_address(endpoint, text.substr(0, end), http_port);
}

const char* set_all(Endpoint& endpoint, std::string_view text) {
    const auto is = [&](std::string_view scheme) {
        if (!text.starts_with(scheme)) return false;
        text.remove_prefix(scheme.size());
        return true;
    };
    if (is("https:")) return only_plain;
    if (is("http://")) {
        endpoint.kind = Endpoint::Kind::http;
        return set_http(endpoint, text);
    }
    if (is("file:")) {
        endpoint.kind = Endpoint::Kind::file;
        endpoint.path = text;
        return text.empty() ? accepted : nullptr;
    }
    if (is("tcp://") || is("tcp:")) return set_address(endpoint, text, 0);
    return accepted;
}

}  // namespace

std::variant<Endpoint, std::string> parse_endpoint(std::string_view text) {
    Endpoint endpoint;
    endpoint.text = text;
    const char* const wrong = set_all(endpoint, text);
    if (wrong != nullptr) return std::string(wrong);
    return endpoint;
}

}  // namespace once::job
