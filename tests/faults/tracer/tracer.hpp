#pragma once
// Watches one process and all that it forks, call by call, until an intervention is done. It does
// not change what it watches: stops by job control stay what they are, signals are handed on, and
// who executes a command of its own is let go. When this process ends, whoever is left runs on as
// if it had never been watched (ptrace(2)).

#include <map>
#include <optional>
#include <string>

#include "intervention.hpp"

namespace once::test {

class Tracer {
public:
    /// `root` is `first`, as soon as it executes the command.
    Tracer(pid_t root, Role first, const Intervention& wish)
        : root_(root), first_(first), wish_(wish) {}

    /// Takes hold of the root, which waits to be let go.
    bool seize();
    /// The line of the report.
    std::string run();

private:
    struct Tracee {
        std::optional<Role> role;  // none: not yet what it will be
        bool is_in_call = false;
        bool is_at_place = false;  // this call is the one
    };

    void on_stop(pid_t pid, int status);
    void on_event(pid_t pid, Tracee& tracee, int event, int signal);
    void on_exec(pid_t pid, Tracee& tracee);
    void on_call(pid_t pid, Tracee& tracee);
    void on_entry(pid_t pid, Tracee& tracee, long number);
    void on_exit(pid_t pid, Tracee& tracee);
    void kill_victims();
    void end_with(long number, std::size_t errors);
    [[nodiscard]] bool counts(const Tracee& tracee) const { return tracee.role == wish_.role; }
    void resume(pid_t pid, const Tracee& tracee, int signal = 0) const;
    [[nodiscard]] Tracee newcomer(pid_t pid) const;

    pid_t root_;
    Role first_;
    Intervention wish_;
    std::map<pid_t, Tracee> tracees_;
    int calls_ = 0;
    bool has_begun_ = false;  // main() asks first of all which of 0, 1, 2 are open
    long number_ = 0;
    unsigned long long wished_break_ = 0;
    std::string outcome_;
};

}  // namespace once::test
