#pragma once

#include "claim/record.hpp"
#include "job/offspring.hpp"

/// What can be said of a holder by its record and the process table, without any lock.
namespace once::claim {

enum class State {
    elsewhere,      ///< another pid namespace (or ports of another network): it cannot be told
    launching,      ///< its command is not launched yet
    starting,       ///< does not listen on its port yet
    running,        ///< claims no port, and lives
    ready,          ///< lives, and listens on every claimed port
    not_listening,  ///< lives, and listens no more, or not at all
    suspended,      ///< its leader is stopped (Ctrl-Z)
    backing_off,    ///< its command has ended, and is launched again in a moment
    stopping,       ///< asked to end; or the leader is gone, or `once` is: the keeper is sweeping
    leftover,       ///< once and keeper are gone, processes of the job are not
    gone            ///< nobody is left
};

/// Made on this boot and in this pid namespace: its pids mean something to us.
bool is_readable_here(const Record& record);

/// Its `once` or its keeper lives.
bool is_held(const Record& record);

/// Costs a look at the process table.
State state_of(const Record& record);

/// Is it a good answer to `--reuse`?
bool is_healthy(State state);

/// What of the record is proven: that it is the job, and not a process that a damaged or forged
/// record names. Nothing if its `once` is not; without its keeper if that is not, or on its way
/// out. `lock` is the file that a holder must have open; without one the mark of its leader has to
/// tell.
std::optional<Record> proven(Record record, const std::optional<os::FileId>& lock);

/// Is this child of its `once` or of its keeper a deliberate daemon, which outlives the job?
bool is_daemon_of(const Record& record, const os::ProcessFacts& child);

/// Is one of our own ancestors the holder, with whose job we shall end? Who lives in a deliberate
/// daemon of the job (a tmux) does not end with it.
bool is_our_ancestor(const Record& record);

/// Whom of its processes the end of this job spares.
job::DaemonRule daemon_rule(const Record& record);

/// What a crashed job left: the processes that carry its mark. Its `once` and its keeper were
/// killed both at once, so nobody else will end them. Deliberate daemons are not among them, nor is
/// any family that we belong to ourselves.
job::Offspring leftovers_of(const Record& crashed);

/// True for the processes of crashed jobs with these ids: they carry the mark, and are our user's.
bool carries_mark(const os::ProcessFacts& process, const std::vector<std::string>& jobs);

}  // namespace once::claim
