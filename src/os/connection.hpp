#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "os/events.hpp"
#include "os/handle.hpp"
#include "os/sockets.hpp"

namespace once::os {

/// A TCP connection from us to somebody, which never makes us wait: what cannot be done now is done
/// when `handle` is Ready. It is closed when this goes, and no SIGPIPE comes of it.
class Connection {
public:
    enum class State {
        connecting,  ///< watch for When::writable, then `advance`
        connected,
        failed  ///< see `why`
    };

    /// Begins to connect to a numeric address: `127.0.0.1`, `::1`, `fe80::1%eth0`.
    Connection(const std::string& address, Port port);

    /// While connecting: looks how far that has got.
    void advance();

    [[nodiscard]] State state() const { return state_; }
    /// Of what it failed: `connection refused`.
    [[nodiscard]] const std::string& why() const { return why_; }
    [[nodiscard]] const Handle& handle() const { return socket_; }

    /// Once connected: how much of the text has been sent. May fail.
    std::size_t write(std::string_view text);

    /// Once connected: what has come, up to `most` bytes; empty if the other side has closed,
    /// nothing if there is nothing yet. May fail.
    std::optional<std::string> read(std::size_t most);

private:
    void connect(const std::string& address, Port port);
    void fail_of(int error);
    [[nodiscard]] bool leads_to_itself() const;

    Handle socket_;
    State state_ = State::connecting;
    std::string why_;
};

}  // namespace once::os
