#pragma once

#include <string>
#include <vector>

#include "claim/record.hpp"
#include "claim/stranger.hpp"
#include "os/sockets.hpp"

/// Holders and strangers in words, for the lines that a tired person reads.
namespace once::claim {

/// A command line, safe to print and not too long.
std::string command_text(const std::vector<std::string>& command);

/// A folder with the home folder as `~`.
std::string folder_text(const std::string& folder);

/// `'pnpm dev' (pid 4711) in ~/app, started 2 h ago by bash (pid 4000)`
std::string describe(const Record& record);

/// A stranger on a port, in up to three lines: who it is, who of its job listens, and what ends it.
std::string describe(const Stranger& stranger);

/// What ends it, or why nothing does: the last of those lines.
std::string describe_end(const Stranger& stranger);

/// `just now`, `3 h ago`
std::string ago_text(os::ProcessId id);

/// ` by bash (pid 4000)`; empty if it cannot be told.
std::string starter_text(int pid);

/// `'node server.js' (pid 4711) in ~/app`
std::string describe_process(int pid);

/// Why a port cannot be bound although nobody listens on it.
std::string describe_non_listeners(os::Port port);

/// `4711 4712`
std::string pids_text(const std::vector<os::ProcessFacts>& processes);

}  // namespace once::claim
