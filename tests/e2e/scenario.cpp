#include "scenario.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>

#include "catch.hpp"
#include "isolation.hpp"
#include "running_state.hpp"
#include "surroundings.hpp"

namespace once::test {

namespace {

namespace fs = std::filesystem;

constexpr const char* marker = "ONCE_E2E_SCENARIO";
constexpr std::chrono::milliseconds grace{2000};

std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
    return all;
}

}  // namespace

Scenario::Scenario()
    : environment_(inherited_environment()),
      neighbours_(processes()),
      exceptions_before_(std::uncaught_exceptions()) {
    (void)::signal(SIGPIPE, SIG_IGN);  // a program that has ended does not read its input
    std::string pattern = (fs::canonical(fs::temp_directory_path()) / "once-e2e-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) FAIL("no temporary folder: " << strerror(errno));
    root_ = pattern;
    folder_ = root_ / "project";
    state_folder_ = root_ / "state";
    home_ = root_ / "home";
    for (const fs::path& made : {folder_, home_, root_ / "bin"}) fs::create_directory(made);
    fs::create_symlink(once_binary(), root_ / "bin" / "once");
    fs::create_symlink(actor_binary(), root_ / "bin" / "actor");
    const char* path = getenv("PATH");
    set("PATH", (root_ / "bin").string() + ":" + (path != nullptr ? path : "/usr/bin:/bin"));
    set("HOME", home_.string());
    set("ONCE_STATE_DIR", state_folder_.string());
    set(marker, root_.string());
}

Scenario::~Scenario() {
    try {
        finish();
    } catch (...) {
        // Catch throws to end a test; a destructor cannot, and the failure is noted already.
    }
    remove_whole(root_);
}

fs::path Scenario::once_binary() { return program("ONCE_BINARY", ONCE_PROGRAM); }

fs::path Scenario::actor_binary() { return program(nullptr, ACTOR_PROGRAM); }

fs::path Scenario::another_folder(std::string_view name) const {
    fs::path made = root_ / name;
    fs::create_directories(made);
    return made;
}

int Scenario::port() {
    if (port_ == 0) port_ = another_port();
    return port_;
}

int Scenario::another_port() {
    for (;;) {
        const int port = free_port();
        if (ports_.insert(port).second) return port;
    }
}

void Scenario::set(const std::string& name, const std::string& value) {
    environment_[name] = value;
}

void Scenario::unset(const std::string& name) { environment_.erase(name); }

pid_t Scenario::start(const Command& command, Launch& how, int in, int out, int err,
                      bool is_terminal) {
    std::vector<std::string> words;
    for (const Word& word : command) words.push_back(word.text);
    auto environment = environment_;
    for (const auto& [name, value] : how.environment) {
        if (value) {
            environment[name] = *value;
        } else {
            environment.erase(name);
        }
    }
    if (how.folder.empty()) how.folder = folder_;
    const pid_t pid = start_process(words, how, environment, {in, out, err, is_terminal});
    launched_.push_back(Running(std::make_shared<Running::State>(pid, joined(words))));
    return pid;
}

Running Scenario::launch(const Command& command, Launch how) {
    int in[2] = {-1, -1};
    int out[2];
    int err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) FAIL("no pipe");
    if (how.input == Input::pipe) {
        if (pipe2(in, O_CLOEXEC) != 0) FAIL("no pipe");
    } else {
        in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    const pid_t pid = start(command, how, in[0], out[1], err[1], false);
    for (const int fd : {in[0], out[1], err[1]}) close(fd);
    Running::State& state = *launched_.back().state_;
    const std::string label = "'" + state.command + "' [" + std::to_string(pid) + "] ";
    state.input = in[1];
    state.out = std::make_unique<Inlet>(out[0], label + "stdout");
    state.err = std::make_unique<Inlet>(err[0], label + "stderr");
    return launched_.back();
}

Running Scenario::start_on_terminal(const Command& command, Launch how, int terminal) {
    (void)start(command, how, terminal, terminal, terminal, true);
    return launched_.back();
}

Finished Scenario::run(const Command& command, Launch how) {
    const Running running = launch(command, std::move(how));
    const Ending ending = running.wait_ending();
    return {ending, running.stdout_text(), running.stderr_text()};
}

void Scenario::forgive(pid_t pid) { forgiven_.insert(pid); }

bool Scenario::is_ours(const Process& process) const {
    if (!process.is_alive() || process.pid == getpid()) return false;
    const bool was_here =
        std::any_of(neighbours_.begin(), neighbours_.end(), [&](const Process& neighbour) {
            return neighbour.pid == process.pid && neighbour.started == process.started;
        });
    if (was_here) return false;
    if (isolated()) return true;
    // In the open only those who carry our mark, or whom we have launched ourselves.
    const auto environment = environment_of(process.pid);
    const auto mark = environment.find(marker);
    if (mark != environment.end() && mark->second == root_) return true;
    return std::any_of(launched_.begin(), launched_.end(), [&](const Running& running) {
        return running.pid() == process.pid && !running.ended();
    });
}

std::vector<Process> Scenario::survivors() const {
    std::vector<Process> left;
    for (const Process& one : processes()) {
        // tmux's helper for the login records, which takes its time without any: no job of ours.
        if (one.name == "utempter") continue;
        if (is_ours(one) && !forgiven_.contains(one.pid)) left.push_back(one);
    }
    return left;
}

std::vector<Process> Scenario::end_politely() {
    for (auto running = launched_.rbegin(); running != launched_.rend(); ++running) {
        if (running->ended() || forgiven_.contains(running->pid())) continue;
        running->state_->signal(SIGTERM);
        running->state_->signal(SIGCONT);
    }
    (void)within(patience, [this] {
        return std::all_of(launched_.begin(), launched_.end(), [this](const Running& running) {
            return running.ended() || forgiven_.contains(running.pid());
        });
    });
    // Whom `once` leaves to itself when it is killed is gone soon, as it promises. One look at
    // which nobody is left is enough: tmux's server forks now and then while it goes.
    std::vector<Process> left;
    (void)within(grace, [&] {
        left = survivors();
        return left.empty();
    });
    return left;
}

void Scenario::end_all() {
    (void)within(patience, [this] {
        bool any = false;
        for (const Process& one : processes()) {
            if (!is_ours(one)) continue;
            (void)signal_exactly(one, SIGKILL);
            any = true;
        }
        return !any;
    });
}

void Scenario::finish() {
    const bool test_has_failed = std::uncaught_exceptions() > exceptions_before_;
    std::string left;
    if (!test_has_failed) {
        for (const Process& one : end_politely()) left += "\n  " + portrait(one);
    }
    end_all();
    for (const Running& running : launched_) (void)running.ended();
    // A test that broke off could not clean up: its survivors say nothing.
    if (left.empty() || test_has_failed) return;
    FAIL_CHECK("survivors:" << left);
}

pid_t keeper_of(pid_t once) {
    std::vector<pid_t> children;
    eventually(
        [&] {
            children = children_of(once);
            return children.size() == 1;
        },
        "a keeper below once, pid " + std::to_string(once));
    return children.front();
}

pid_t leader_of(pid_t once) {
    const pid_t keeper = keeper_of(once);
    std::vector<pid_t> children;
    eventually(
        [&] {
            // Before it is told to launch, the leader waits by its keeper's name.
            children = children_of(keeper);
            std::erase_if(children, [](pid_t child) {
                const auto one = process(child);
                return !one || one->name == "job-keeper";
            });
            return !children.empty();
        },
        "a leader below the keeper, pid " + std::to_string(keeper));
    return children.front();
}

int count(std::string_view text, std::string_view part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + part.size())) {
        ++found;
    }
    return found;
}

void Scenario::write_file(const fs::path& path, std::string_view text) const {
    const fs::path whole = folder_ / path;
    fs::create_directories(whole.parent_path());
    std::ofstream file(whole, std::ios::binary);
    file << text;
    file.close();
    if (!file) FAIL("cannot write " << whole);
}

std::string Scenario::read_file(const fs::path& path) const { return whole_file(folder_ / path); }

fs::path Scenario::write_script(const fs::path& path, std::string_view text) const {
    write_file(path, "#!/bin/sh\n" + std::string(text));
    fs::permissions(folder_ / path, fs::perms::owner_all);
    return folder_ / path;
}

}  // namespace once::test
