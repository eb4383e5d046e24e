#pragma once
// One run of a play with one intervention in it, in a scenario of its own, and what is wrong
// afterwards. What may be there afterwards is the same for all plays: nobody but the job of a
// `once` that lives; whole records; and room for the next launch.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scenario.hpp"
#include "tracer/intervention.hpp"

namespace once::test {

class Trial;

/// A short story with one `once` in it that is watched.
struct Play {
    const char* name;
    std::vector<Role> roles;  ///< who has a part, beside the launcher
    /// What stands before. May return a job that lives on unless the watched one ends it.
    std::function<std::optional<Running>(Scenario&)> prepare;
    std::function<Command(Scenario&)> command;
    /// What happens until the watched one shall have ended; it may be dead at any point.
    std::function<void(Trial&)> drive;
    /// How it ends if nothing goes wrong, or if what goes wrong does not matter.
    std::vector<Ending> endings;
    /// The watched one shall sweep what was left before it; if it cannot, the next launch does.
    bool has_leftovers = false;
};

class Trial {
public:
    Trial(const Play& play, const Intervention& wish) : play_(play), wish_(wish) {}

    void run();

    /// What the tracer tells.
    bool was_hit() const { return was_hit_; }
    long call() const { return call_; }             ///< its number, if it was hit
    std::size_t errors() const { return errors_; }  ///< that it may fail with; 0: it cannot
    /// The C library had not called main() yet.
    bool is_before_main() const { return is_before_main_; }
    int calls() const { return calls_; }  ///< how many there were, if it was not
    /// What is wrong, one a line; empty if nothing is.
    const std::string& complaints() const { return complaints_; }

    // --- for the plays ---
    Scenario& scene() { return *scene_; }
    const Running& watched() const { return *watched_; }
    /// Waits for it, or until the watched one has ended; not for long.
    void await(const std::function<bool()>& holds);
    /// Another `once`, which must have ended in good time, with one of these endings.
    void expect(const Command& command, const std::vector<Ending>& endings);
    /// Of a launch in the background: it does not stay as long as its job does.
    void await_return();
    /// The record says that its job listens.
    bool is_inscribed_ready() const;

private:
    void start();
    void await_end();
    void read_report();
    void judge_ending();
    void judge_words();
    void judge_survivors();
    void judge_records();
    void judge_status();
    void judge_next_launch();
    void complain(const std::string& what);
    [[nodiscard]] std::vector<Process> strangers() const;

    const Play& play_;
    const Intervention& wish_;
    std::optional<Scenario> scene_;
    std::optional<Running> bystander_;
    std::optional<Running> watched_;
    std::unique_ptr<Inlet> report_;
    bool was_hit_ = false;
    long call_ = -1;
    std::size_t errors_ = 0;
    bool is_before_main_ = false;
    int calls_ = 0;
    std::string complaints_;
};

/// The job that all plays with an end of their own have, and how it ends.
inline const Ending own_ending = exited(7);

}  // namespace once::test
