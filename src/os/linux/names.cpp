#include "os/names.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>

#include "os/executable.hpp"
#include "os/linux/check.hpp"

namespace once::os {
namespace {

// What the child says if there is no getent: no address begins so.
constexpr char no_getent = '!';

bool is_numeric(const std::string& host) {
    in_addr four{};
    in6_addr six{};
    return ::inet_pton(AF_INET, host.c_str(), &four) == 1 ||
           ::inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &six) == 1;
}

// RFC 6761 6.3: such names mean this machine, and no server is asked for them.
bool is_local(const std::string& host) {
    constexpr std::string_view local = "localhost";
    if (host.size() < local.size()) return false;
    const auto start = host.size() - local.size();
    return ::strcasecmp(host.c_str() + start, local.data()) == 0 &&
           (start == 0 || host[start - 1] == '.');
}

// Where getent may be, as execvp(3) would look for it.
std::vector<std::string> candidates() {
    const char* path = variable("PATH");
    const std::string_view all = path != nullptr ? path : "/usr/bin:/bin";
    std::vector<std::string> found;
    for (std::size_t start = 0; start <= all.size();) {
        const auto end = std::min(all.find(':', start), all.size());
        const auto folder = all.substr(start, end - start);
        // Not from the current folder, which may be anybody's.
        if (folder.starts_with('/')) found.push_back(std::string(folder) + "/getent");
        start = end + 1;
    }
    return found;
}

struct Question {
    std::vector<const char*> files;
    std::array<const char*, 4> words;
    int input;
    int output;
    int parent;
};

// --- between fork and exec: only async-signal-safe calls
// ------------------------------------------

[[noreturn]] void be_getent(const Question& question) noexcept {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != question.parent) ::_exit(1);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, nullptr);
    if (::dup2(question.input, STDIN_FILENO) >= 0 && ::dup2(question.output, STDOUT_FILENO) >= 0 &&
        ::dup2(question.input, STDERR_FILENO) >= 0) {
        for (const char* file : question.files) {
            (void)::execve(file, const_cast<char* const*>(question.words.data()), environ);
        }
    }
    (void)!::write(question.output, &no_getent, 1);
    ::_exit(127);
}

// --------------------------------------------------------------------------------------------------

}  // namespace

NameLookup::NameLookup(const std::string& host) {
    if (is_numeric(host)) {
        addresses_ = {host};
    } else if (is_local(host)) {
        addresses_ = {"::1", "127.0.0.1"};
    } else if (host.empty() || host.front() == '-') {
        why_ = "there is no such host";  // and no option of getent either
    } else {
        ask(host);
    }
    is_done_ = child_ == 0;
}

NameLookup::~NameLookup() { end_child(); }

void NameLookup::ask(const std::string& host) {
    std::array<int, 2> ends{};
    check(::pipe2(ends.data(), O_CLOEXEC), "make a pipe");
    output_ = Handle(ends[0]);
    const Handle writer(ends[1]);
    check(::fcntl(ends[0], F_SETFL, O_NONBLOCK), "make a pipe");
    const Handle nothing(check(::open("/dev/null", O_RDWR | O_CLOEXEC), "open '/dev/null'"));
    const auto files = candidates();
    Question question{{},
                      {"getent", "ahosts", host.c_str(), nullptr},
                      descriptor(nothing),
                      descriptor(writer),
                      ::getpid()};
    for (const auto& file : files) question.files.push_back(file.c_str());
    child_ = check(::fork(), "start getent");
    if (child_ == 0) be_getent(question);
}

void NameLookup::on_ready() {
    constexpr std::size_t most = 65536;  // who has more addresses need not have them all tried
    std::array<char, 4096> buffer{};
    while (!is_done_) {
        const auto got =
            retry([&] { return ::read(descriptor(output_), buffer.data(), buffer.size()); });
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (got > 0) text_.append(buffer.data(), static_cast<std::size_t>(got));
        if (got <= 0 || text_.size() > most) finish();
    }
}

void NameLookup::finish() {
    is_done_ = true;
    end_child();
    output_.close();
    addresses_ = addresses_in(text_);
    if (!addresses_.empty()) return;
    why_ = text_ == std::string(1, no_getent) ? "its name cannot be looked up: there is no getent"
                                              : "there is no such host";
}

void NameLookup::end_child() noexcept {
    if (child_ <= 0) return;
    // Whoever reaps our children may have had it already; else the number is its own.
    siginfo_t info{};
    const auto id = static_cast<id_t>(child_);
    if (::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
        (void)::kill(child_, SIGKILL);
        (void)retry([&] { return ::waitpid(child_, nullptr, 0); });
    }
    child_ = 0;
}

std::vector<std::string> addresses_in(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        const std::string word(line.substr(0, line.find_first_of(" \t")));
        const bool is_new = std::find(words.begin(), words.end(), word) == words.end();
        if (is_new && is_numeric(word)) words.push_back(word);
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return words;
}

}  // namespace once::os
