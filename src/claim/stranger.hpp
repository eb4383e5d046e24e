#pragma once

#include <vector>

#include "os/process.hpp"
#include "os/sockets.hpp"

namespace once::claim {

/// A job that has a port, found from outside: from everybody who shares the socket up to the one
/// that stands for the whole job, and down again to all that belongs to it.
struct Stranger {
    std::vector<os::Socket> sockets;      ///< on the port; at least one
    std::vector<int> sharers;             ///< who has one of them open; none if we may not see them
    std::vector<os::ProcessFacts> roots;  ///< the topmost: they are asked first
    std::vector<os::ProcessFacts> members;  ///< roots and all below them, parents before children

    [[nodiscard]] bool is_visible() const { return !sharers.empty(); }
};

/// Everybody who listens on a port, job by job; those whom we cannot see come last, as one.
///
/// The way up leads through wrappers (npm, sh -c, uv run) that have started nothing else, through
/// watchers (tsx watch, nodemon, uvicorn) and through forking servers, of the same user, session
/// and control group; never to a shell that somebody types into, to a process that we descend
/// from, or to a runner of several jobs. A session's leader is climbed to only if it is a wrapper
/// or a watcher itself (`setsid npm run dev`).
std::vector<Stranger> find_strangers(os::Port port);

/// The same for sockets that are not listening, or on several ports.
std::vector<Stranger> find_strangers(const std::vector<os::Socket>& sockets);

/// Our own pid and those of the processes from which we descend.
std::vector<int> own_ancestors();

}  // namespace once::claim
