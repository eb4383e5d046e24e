#pragma once
// What all actors share: how they speak, wait, read their arguments and open ports.
//
// An actor speaks in whole lines, each by one write, so that lines of several processes never mix.
// It says `ready <pid>` when its signals stand as they should and before it does anything else;
// what it then has done it says in a second line (`listening 8001`, `escaped 42`).
// It waits without a timer, but where a duration is what the actor is about.

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace once::test {

using Arguments = std::vector<std::string>;

/// One line to stdout, at once. A stdout that is gone is no reason to stop.
void say(std::string_view line);
/// `ready <pid>`.
void announce();
/// Says on stderr what is wrong with the arguments, and ends the actor with 64.
[[noreturn]] void misused(std::string_view why);

/// The argument at this place; without one the actor was misused.
const std::string& needed(const Arguments& words, std::size_t place, std::string_view what);
int number(std::string_view text);
/// `TERM`, `SIGTERM` or `15`.
int signal_number(std::string_view text);
/// `SIGTERM`, `SIGRTMIN+3`.
std::string signal_name(int signal);

/// Until a signal ends this process.
[[noreturn]] void wait_for_ever();
void wait_for_milliseconds(int duration);

/// Forks; a failure ends the actor.
pid_t fork_or_end();
/// A socket bound to the port, IPv6 if the address has a colon in it.
/// `alone`: without SO_REUSEADDR, so that nobody else can bind the port meanwhile.
int bind_to(int port, const std::string& address, bool alone = false);
/// Listens and says so: `listening <port>`.
int listen_on(int port, const std::string& address = "127.0.0.1");
/// The same where the port may be left out.
void listen_if_asked(const Arguments& words, std::size_t place);

}  // namespace once::test
