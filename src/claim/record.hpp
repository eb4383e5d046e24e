#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "os/job.hpp"
#include "os/process.hpp"
#include "os/sockets.hpp"

namespace once::claim {

/// Who started a `once`.
struct Starter {
    os::ProcessId id;
    std::string name;
    std::string systemd_unit;  ///< or empty
    std::string pm2_name;      ///< or empty
};

/// What the `once` of a record was called for.
enum class Verb {
    launch,
    stop,    ///< it holds the slot for a moment only
    restart  ///< it holds nothing, and asks the holder to launch its command again
};

/// A slot went over to another launch.
struct Change {
    Starter from;           ///< who had started the one that was replaced
    std::int64_t when = 0;  ///< seconds since 1970
};

/// What is known of a holder: the small file beside the lock. It tells whom to ask and what to look
/// for; it never decides who holds a slot, which is the lock's matter. Times are seconds since
/// 1970.
struct Record {
    static constexpr int schema = 1;

    std::string job;  ///< the id that its processes carry in ONCE_JOB
    std::string boot;
    std::uint64_t network_namespace = 0;
    std::uint64_t pid_namespace = 0;
    std::uint64_t begun = 0;  ///< when the launch began, in ns since boot: the later one wins
    os::ProcessId once;
    os::ProcessId keeper;  ///< pid 0 until it is there
    os::ProcessId leader;  ///< likewise
    int session = 0;
    std::vector<os::FileId> stdio;
    std::string folder;
    std::vector<std::string> command;  ///< cut where it is very long
    std::vector<os::Port> ports;
    std::string name;
    std::int64_t started = 0;
    std::optional<std::int64_t> ready_since;
    bool is_stopping = false;     ///< it was asked to end
    bool sweeps_daemons = false;  ///< --sweep-daemons
    bool is_backing_off = false;  ///< between two runs of its command
    bool awaits_ready = false;    ///< --ready: until `ready_since` it is not, whoever listens
    bool can_restart = true;      ///< what its command was given is still there for another run
    int restarts = 0;
    Duration stop_timeout{};
    std::string pid_file;
    std::string log;  ///< where the output of a detached job goes; empty for any other
    Starter starter;
    /// Crashed jobs whose leftovers this launch has yet to sweep.
    std::vector<std::string> inherited;
    std::vector<Change> changes;  ///< how it came to be ours, the last of them; see war.hpp
    Verb verb = Verb::launch;
};

/// The text of a record: JSON in one line. `parse` reads the first line of a text, and answers
/// nothing if it is damaged, or of another schema than ours. Bytes that are no UTF-8 survive the
/// way there and back.
std::string to_text(const Record& record);
std::optional<Record> parse(const std::string& text);

}  // namespace once::claim
