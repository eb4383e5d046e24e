#pragma once

#include <optional>
#include <string>
#include <vector>

#include "job/endpoint.hpp"
#include "job/http_answer.hpp"
#include "os/connection.hpp"
#include "os/events.hpp"
#include "os/names.hpp"

namespace once::job {

/// One attempt at an endpoint, inside somebody's event loop: his Ready{token} is ours. A tcp one
/// answers by accepting a connection, an http one by a status below 400, a file by being there. All
/// addresses of a host are tried in order. It ends by itself, unless the other side keeps silent:
/// how long that may take is the caller's to say. Whatever is open is closed when it goes.
///
///     looking up the host → connecting → asking (http) → done
///                              ↑  the next address  │
///                              └────────────────────┘
class Inquiry {
public:
    /// Both outlive it. A relative file is looked for in `folder`.
    Inquiry(os::Events& events, int token, const Endpoint& endpoint,
            const std::string& folder = {});
    ~Inquiry();
    Inquiry(const Inquiry&) = delete;
    Inquiry& operator=(const Inquiry&) = delete;

    /// After Ready{token}.
    void on_ready();

    /// This takes too long: goes on to the next address, or is done if there is none.
    void lose_patience();

    [[nodiscard]] bool is_done() const { return is_done_; }
    [[nodiscard]] bool has_answered() const { return has_answered_; }
    /// Why it has not: `connection refused`, `it answers 503`.
    [[nodiscard]] const std::string& why() const { return why_; }

private:
    enum class Step { waits, answered, failed };

    void look_for_file(const std::string& folder);
    void advance();
    Step step();
    Step connect();
    Step ask();
    Step fail_of(std::string why);
    void watch(const os::Handle& handle, os::When when);
    void forget() noexcept;
    void finish(bool has_answered);

    os::Events& events_;
    int token_;
    const Endpoint& endpoint_;
    std::optional<os::NameLookup> lookup_;
    std::optional<os::Connection> connection_;
    std::size_t next_address_ = 0;
    std::string request_;  // what is left to be sent
    HttpAnswer answer_;
    const os::Handle* watched_ = nullptr;
    bool is_done_ = false;
    bool has_answered_ = false;
    bool is_met_ = false;            // somebody has accepted at this address
    bool has_met_somebody_ = false;  // at an earlier one
    std::string why_;
};

}  // namespace once::job
