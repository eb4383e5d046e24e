#pragma once
// Processes that have nothing to do with once, and prove it: each blocks every signal that can be
// blocked, and when it is let go it tells whether it has got any; a death by SIGKILL, or a stop,
// its parent sees.

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "processes.hpp"

namespace once::test {

/// One that has a pid of our choice, by clone3(2) with set_tid.
class Innocent {
public:
    /// Nothing if we may not choose (that takes CAP_CHECKPOINT_RESTORE), or if the pid is in use.
    static std::optional<Innocent> born_as(pid_t pid);
    Innocent(Innocent&& other) noexcept : pid_(other.pid_), leash_(other.leash_) { other.pid_ = 0; }
    Innocent(const Innocent&) = delete;
    Innocent& operator=(const Innocent&) = delete;
    ~Innocent();

    pid_t pid() const { return pid_; }
    /// Lets it go. Empty if nobody has sent it anything, else what it got.
    std::string let_go();

private:
    Innocent(pid_t pid, int leash) : pid_(pid), leash_(leash) {}

    pid_t pid_;
    int leash_;  // it lives until a byte comes through it
};

/// As many of them as possible, one after the other, so that pids come round and round. Made in a
/// process of its own, as long as this lives.
class Churn {
public:
    /// Keeps so many alive at any moment.
    explicit Churn(int kept);
    ~Churn();
    Churn(const Churn&) = delete;
    Churn& operator=(const Churn&) = delete;

    long forks() const;
    /// How often the pids have come round.
    long rounds() const;
    /// Those who got a signal; empty when none did.
    std::string victims() const;

private:
    struct Book;

    Book* book_;
    pid_t pid_;
};

/// Few pids for this pid namespace, for as long as this lives: they come round within milliseconds.
class FewPids {
public:
    /// Why that cannot be had here without touching what is not ours; empty if it can.
    static std::string why_not();

    explicit FewPids(int most);
    ~FewPids();
    FewPids(const FewPids&) = delete;
    FewPids& operator=(const FewPids&) = delete;

private:
    std::string before_;
};

}  // namespace once::test
