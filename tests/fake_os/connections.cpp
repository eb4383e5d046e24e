// Servers and hosts, as the script has them.

#include <utility>

#include "os/connection.hpp"
#include "os/names.hpp"
#include "world.hpp"

namespace once::os {

using fake::Kind;
using fake::world;

Connection::Connection(const std::string& address, Port port) { connect(address, port); }

void Connection::connect(const std::string& address, Port port) {
    auto name = address + ':' + std::to_string(port);
    world().connections.emplace_back(world().now, name);
    if (!world().servers.contains(name)) return fail_of(0);
    socket_ = fake::make_handle({Kind::connection, std::move(name), {}});
}

void Connection::advance() {
    if (state_ != State::connecting) return;
    const auto server = world().servers.find(fake::object_of(socket_).name);
    if (server == world().servers.end()) return fail_of(0);
    if (server->second.accepts) state_ = State::connected;
}

void Connection::fail_of(int) {
    state_ = State::failed;
    why_ = "connection refused";
    socket_.close();
}

std::size_t Connection::write(std::string_view text) {
    const auto taken = text.substr(0, 10);  // a narrow line
    world().received += taken;
    return taken.size();
}

std::optional<std::string> Connection::read(std::size_t most) {
    const auto server = world().servers.find(fake::object_of(socket_).name);
    if (server == world().servers.end()) {
        fail_of(0);
        return std::nullopt;
    }
    auto& says = server->second.says;
    if (says.empty() && !server->second.closes) return std::nullopt;
    auto part = says.substr(0, std::min<std::size_t>(most, 7));
    says.erase(0, part.size());
    return part;
}

NameLookup::NameLookup(const std::string& host) {
    is_done_ = host.find_first_not_of("0123456789.:") == std::string::npos;
    if (is_done_) {
        addresses_ = {host};
    } else {
        output_ = fake::make_handle({Kind::lookup, host, {}});
    }
}

NameLookup::~NameLookup() = default;

void NameLookup::on_ready() {
    const auto host = world().hosts.find(fake::object_of(output_).name);
    if (host == world().hosts.end()) return;
    is_done_ = true;
    addresses_ = host->second;
    if (addresses_.empty()) why_ = "there is no such host";
}

}  // namespace once::os
