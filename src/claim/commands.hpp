#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace once::claim {

/// What a process is for, as far as its command line tells.
enum class Role {
    other,       ///< a server, an editor, an agent, a runner of several jobs: stands for itself
    terminal,    ///< a shell that somebody types into
    wrapper,     ///< only there for what it has started: npm, sh -c, uv run
    watcher,     ///< starts its one worker again: tsx watch, nodemon, uvicorn
    supervisor,  ///< starts what ends again, for ever: supervisord, runsv, pm2
    manager      ///< npm, pnpm, yarn, npx, …: a wrapper that goes through a shell
};

/// `arguments` as of /proc/PID/cmdline, which npm and others overwrite with one line of text;
/// `name` as of /proc/PID/stat.
Role role_of(const std::vector<std::string>& arguments, std::string_view name);

/// pm2's daemon, or pm2-runtime.
bool is_pm2(const std::vector<std::string>& arguments, std::string_view name);

/// Whether both are one command, as those of a server that has forked are, or one that has started
/// itself again with the whole path and more options of its interpreter (django).
bool runs_same(const std::vector<std::string>& some, const std::vector<std::string>& others);

/// A shell, whatever it was started for?
bool is_shell(const std::vector<std::string>& arguments);

/// Does this process only help another one, so that it is no job of its own (esbuild's service)?
bool is_helper(const std::vector<std::string>& arguments);

}  // namespace once::claim
