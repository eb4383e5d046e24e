#pragma once
// Two launches that want the same slot: ours, which is the real admission, and the other one, which
// does what the script says.

#include <string>
#include <variant>
#include <vector>

#include "claim/admission.hpp"
#include "world.hpp"

namespace once::test {

inline constexpr int our_once = 100;
inline constexpr int our_shell = 50;
inline constexpr int their_once = 200;
inline constexpr int their_keeper = 201;
inline constexpr int their_leader = 202;
inline constexpr int their_shell = 60;
inline constexpr os::Port port = 8001;

/// How our admission went.
struct Outcome {
    int status = 0;     ///< 0: admitted, or reused
    std::string words;  ///< of the refusal
    bool reused = false;
    bool admitted = false;
    bool were_two = false;  ///< the other one lived with the lease when we had it, too
    std::vector<std::string> said;
    std::vector<std::string> inherited;  ///< crashed jobs in our record
    std::vector<claim::Change> changes;  ///< how the slot came to be ours, in our record
};

/// A launch that began at this time, from /app.
claim::Record ours(std::uint64_t begun = 1000);
claim::Record theirs(std::uint64_t begun = 500);

struct Wish {
    claim::Policy policy = claim::Policy::replace;
    std::optional<Duration> patience = std::nullopt;
    claim::Slot slot = claim::Slot::port(port);
    std::uint64_t begun = 1000;
    bool with_parent = false;
    bool force = false;
    bool is_stop = false;
    std::vector<claim::Slot> more_slots = {};
    std::vector<claim::Change> changes = {};
};

/// A fresh world with two shells and us in it.
void set_the_stage();

/// Our whole admission; the lease is given back at the end.
Outcome admit(const Wish& wish = {});

/// It lives, and nobody has sent it anything.
bool was_left_alone(int pid);

/// What the other launch does, one thing at a time.
class Other {
public:
    explicit Other(std::uint64_t begun = 500, std::string folder = "/app");
    explicit Other(claim::Record self) : self_(std::move(self)) {}

    void start() const;     ///< its once lives
    void announce() const;  ///< says that it waits for the slot
    bool take() const;      ///< takes the lock, if it is free, and says so in it
    void record();          ///< has launched its job, and writes its record
    void listen() const;
    void die() const;    ///< once, keeper and leader at once, nothing tidied up
    void leave() const;  ///< ends as it should, with all of its job
    void run() {
        start();
        (void)take();
        record();
        listen();
    }

private:
    claim::Record self_;
};

}  // namespace once::test
