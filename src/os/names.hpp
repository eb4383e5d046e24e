#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "os/handle.hpp"

namespace once::os {

/// Finds the addresses of a host out. Numeric ones and `localhost` need nobody's help; for others a
/// child, `getent ahosts`, is asked, since a static program cannot load what /etc/nsswitch.conf
/// names. It never makes us wait; the child is killed and reaped when this goes.
class NameLookup {
public:
    explicit NameLookup(const std::string& host);
    ~NameLookup();
    NameLookup(const NameLookup&) = delete;
    NameLookup& operator=(const NameLookup&) = delete;

    /// Until it is done: to be watched.
    [[nodiscard]] const Handle& handle() const { return output_; }
    /// After Ready.
    void on_ready();

    [[nodiscard]] bool is_done() const { return is_done_; }
    /// Numeric, each once, in the order in which they should be tried.
    [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }
    /// Why there are none.
    [[nodiscard]] const std::string& why() const { return why_; }

private:
    void ask(const std::string& host);
    void finish();
    void end_child() noexcept;

    Handle output_;  // of the child
    int child_ = 0;
    std::string text_;
    bool is_done_ = false;
    std::vector<std::string> addresses_;
    std::string why_;
};

/// The numeric addresses in the answer of `getent ahosts`, each once: the first word of each line,
/// of which it has three for each address.
std::vector<std::string> addresses_in(std::string_view text);

}  // namespace once::os
