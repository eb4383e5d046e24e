#include "processes.hpp"

#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>

#include "surroundings.hpp"

namespace once::test {

namespace {

std::string proc(pid_t pid, std::string_view file) {
    return "/proc/" + std::to_string(pid) + "/" + std::string(file);
}

/// The names in a folder that are numbers.
std::vector<int> numbers_in(const std::string& folder) {
    std::vector<int> numbers;
    DIR* entries = opendir(folder.c_str());
    if (entries == nullptr) return numbers;
    while (const dirent* entry = readdir(entries)) {
        const std::string_view name = entry->d_name;
        int value = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
        if (error == std::errc() && end == name.data() + name.size()) numbers.push_back(value);
    }
    closedir(entries);
    return numbers;
}

std::vector<std::string> split_at_zeros(const std::string& text) {
    std::vector<std::string> parts;
    std::istringstream rest(text);
    for (std::string part; std::getline(rest, part, '\0');) parts.push_back(part);
    return parts;
}

/// `sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode …`, in hexadecimal up
/// to the state; 0A is TCP_LISTEN.
void add_listening_inodes(const char* table, int port, std::set<std::string>& inodes) {
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
        std::istringstream row(line);
        std::string slot, local, remote, state, queues, timer, retries, user, timeout, inode;
        row >> slot >> local >> remote >> state >> queues >> timer >> retries >> user >> timeout >>
            inode;
        const auto colon = local.rfind(':');
        if (state != "0A" || colon == std::string::npos) continue;
        if (std::stoi(local.substr(colon + 1), nullptr, 16) == port) inodes.insert(inode);
    }
}

std::set<std::string> listening_inodes(int port) {
    std::set<std::string> inodes;
    add_listening_inodes("/proc/net/tcp", port, inodes);
    add_listening_inodes("/proc/net/tcp6", port, inodes);
    return inodes;
}

bool has_socket(pid_t pid, const std::set<std::string>& targets) {
    for (const int fd : numbers_in(proc(pid, "fd"))) {
        char target[64];
        const std::string link = proc(pid, "fd/") + std::to_string(fd);
        const ssize_t size = readlink(link.c_str(), target, sizeof target);
        if (size > 0 && targets.contains(std::string(target, static_cast<std::size_t>(size)))) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::optional<Process> process(pid_t pid) {
    const std::string stat = whole_file(proc(pid, "stat"));
    // The name stands in brackets and may hold anything, brackets and blanks too.
    const auto open = stat.find('(');
    const auto close = stat.rfind(')');
    if (open == std::string::npos || close == std::string::npos) return std::nullopt;
    Process found;
    found.pid = pid;
    found.name = stat.substr(open + 1, close - open - 1);
    std::istringstream rest(stat.substr(close + 1));
    rest >> found.state >> found.parent >> found.group >> found.session;
    std::string skipped;
    for (int field = 7; field < 22; ++field) rest >> skipped;
    rest >> found.started;
    return found;
}

std::vector<Process> processes() {
    std::vector<Process> all;
    for (const pid_t pid : numbers_in("/proc")) {
        if (const auto one = process(pid)) all.push_back(*one);
    }
    return all;
}

std::string portrait(const Process& process) {
    std::string words;
    for (const std::string& word : command_of(process.pid)) words += " " + word;
    if (words.empty()) words = " [" + process.name + "]";
    return "pid " + std::to_string(process.pid) + " (child of " + std::to_string(process.parent) +
           ", state " + process.state + "):" + words;
}

bool alive(pid_t pid) {
    const auto found = process(pid);
    return found && found->is_alive();
}

char process_state(pid_t pid) {
    const auto found = process(pid);
    return found ? found->state : '-';
}

pid_t parent_of(pid_t pid) {
    const auto found = process(pid);
    return found ? found->parent : 0;
}

pid_t group_of(pid_t pid) {
    const auto found = process(pid);
    return found ? found->group : 0;
}

pid_t session_of(pid_t pid) {
    const auto found = process(pid);
    return found ? found->session : 0;
}

std::vector<pid_t> children_of(pid_t pid) {
    std::vector<pid_t> children;
    for (const Process& one : processes()) {
        if (one.parent == pid && one.is_alive()) children.push_back(one.pid);
    }
    return children;
}

std::vector<pid_t> descendants(pid_t pid) {
    const std::vector<Process> all = processes();  // one look, so that it is one picture
    std::vector<pid_t> found;
    std::vector<pid_t> parents = {pid};
    while (!parents.empty()) {
        const pid_t parent = parents.back();
        parents.pop_back();
        for (const Process& one : all) {
            if (one.parent != parent) continue;
            parents.push_back(one.pid);
            if (one.is_alive()) found.push_back(one.pid);
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<pid_t> members_of_session(pid_t session) {
    std::vector<pid_t> members;
    for (const Process& one : processes()) {
        if (one.session == session && one.is_alive()) members.push_back(one.pid);
    }
    return members;
}

std::vector<std::string> command_of(pid_t pid) {
    return split_at_zeros(whole_file(proc(pid, "cmdline")));
}

std::map<std::string, std::string> environment_of(pid_t pid) {
    std::map<std::string, std::string> environment;
    for (const std::string& entry : split_at_zeros(whole_file(proc(pid, "environ")))) {
        const auto equals = entry.find('=');
        if (equals == std::string::npos) continue;
        environment[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    return environment;
}

bool listening(int port) { return !listening_inodes(port).empty(); }

std::vector<pid_t> listener_pids(int port) {
    std::set<std::string> targets;
    for (const std::string& inode : listening_inodes(port)) {
        targets.insert("socket:[" + inode + "]");
    }
    std::vector<pid_t> holders;
    if (targets.empty()) return holders;
    for (const pid_t pid : numbers_in("/proc")) {
        if (has_socket(pid, targets)) holders.push_back(pid);
    }
    std::sort(holders.begin(), holders.end());
    return holders;
}

bool signal_exactly(const Process& target, int signal) {
    const int handle = static_cast<int>(syscall(SYS_pidfd_open, target.pid, 0));
    if (handle < 0) return false;
    const auto now = process(target.pid);
    const bool is_it = now && now->started == target.started;
    const bool sent = is_it && syscall(SYS_pidfd_send_signal, handle, signal, nullptr, 0) == 0;
    close(handle);
    return sent;
}

}  // namespace once::test
