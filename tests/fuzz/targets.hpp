#pragma once
// What is fuzzed: a function for each reader of what others have written. It takes any bytes, and
// ends the program if a promise does not hold for them.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace once::fuzz {

void command_line(std::string_view input);   // argv, a word a line
void commands(std::string_view input);       // a name and /proc/PID/cmdline
void control_group(std::string_view input);  // /proc/PID/cgroup
void endpoint(std::string_view input);       // the value of --wait-for
void file_name(std::string_view input);      // a name in the state folder
void getent(std::string_view input);         // the addresses of a host
void http_answer(std::string_view input);    // what a server says, in parts
void log(std::string_view input);            // what a job writes, through files and back
void netlink(std::string_view input);        // an answer of sock_diag(7)
void proc_memory(std::string_view input);    // /proc/PID/smaps_rollup, statm, status
void proc_net(std::string_view input);       // /proc/net/tcp and tcp6
void proc_stat(std::string_view input);      // /proc/PID/stat
void proc_words(std::string_view input);     // /proc/PID/cmdline, environ, children
void record(std::string_view input);         // a record, a lock's line, an announcement
void text(std::string_view input);           // what a stranger chose, for a terminal
void values(std::string_view input);         // numbers, durations, sizes, ports, signals

struct Target {
    std::string_view name;
    void (*run)(std::string_view input);
};

inline constexpr std::array targets{Target{"command_line", command_line},
                                    Target{"commands", commands},
                                    Target{"control_group", control_group},
                                    Target{"endpoint", endpoint},
                                    Target{"file_name", file_name},
                                    Target{"getent", getent},
                                    Target{"http_answer", http_answer},
                                    Target{"log", log},
                                    Target{"netlink", netlink},
                                    Target{"proc_memory", proc_memory},
                                    Target{"proc_net", proc_net},
                                    Target{"proc_stat", proc_stat},
                                    Target{"proc_words", proc_words},
                                    Target{"record", record},
                                    Target{"text", text},
                                    Target{"values", values}};

/// Ends the program, and says what does not hold.
inline void demand(bool holds, const char* what) {
    if (holds) return;
    (void)std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

/// The parts between the separators; with none there is one.
inline std::vector<std::string> parts_of(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t start = 0; start <= text.size();) {
        const auto end = std::min(text.find(separator, start), text.size());
        parts.emplace_back(text.substr(start, end - start));
        start = end + 1;
    }
    return parts;
}

}  // namespace once::fuzz
