#include "trial.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "aftermath.hpp"
#include "catch.hpp"
#include "exceptions.hpp"
#include "holding.hpp"
#include "surroundings.hpp"
#include "tracer/errnos.hpp"

namespace once::test {

namespace {

using Json = nlohmann::json;

/// The promise: whoever is left is swept by then.
constexpr std::chrono::milliseconds until_swept{2000};
/// Generous, for loaded machines. What takes longer hangs.
constexpr std::chrono::milliseconds until_hung{20'000};
/// A record may never come, if writing it failed.
constexpr std::chrono::milliseconds until_inscribed{700};

template <class Value>
std::string text_of(const Value& value) {
    std::ostringstream text;
    text << value;
    return text.str();
}

bool is_refusal(const Ending& ending) {
    return ending.code && (*ending.code == 69 || *ending.code == 75 ||
                           (*ending.code >= 125 && *ending.code <= 127));
}

bool is_record(const std::string& line) {
    const Json json = Json::parse(line, nullptr, false);
    return json.is_object() && json.contains("schema") && json.contains("job") &&
           json.contains("once") && json.contains("command");
}

std::string in_line(const std::string& text) {
    std::string line = "'" + text + "'";
    std::replace(line.begin(), line.end(), '\n', '|');
    return line;
}

}  // namespace

void Trial::run() {
    scene_.emplace();
    bystander_ = play_.prepare ? play_.prepare(*scene_) : std::nullopt;
    start();
    play_.drive(*this);
    await_end();
    judge_ending();
    judge_survivors();
    judge_records();
    judge_status();
    judge_next_launch();
    if (!complaints_.empty()) {
        for (const Process& one : scene_->survivors()) (void)signal_exactly(one, SIGKILL);
    }
    watched_.reset();
    bystander_.reset();
    scene_.reset();
}

void Trial::start() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) FAIL("no pipe");
    report_ = std::make_unique<Inlet>(ends[0], "tracer");
    const bool has_caller = play_.roles.front() == Role::caller;
    Command command{TRACER_PROGRAM, ends[1], has_caller ? "caller" : "-"};
    for (const std::string& word : to_words(wish_)) command.emplace_back(word);
    command.emplace_back("--");
    for (const Word& word : play_.command(*scene_)) command.push_back(word);
    Launch how;
    how.kept = {ends[1]};
    watched_ = scene_->launch(command, how);
    close(ends[1]);
}

void Trial::await(const std::function<bool()>& holds) {
    const auto is_over = [&] { return watched_->ended() || holds(); };
    // Until something was done to it, it goes its way, however slowly.
    (void)within(until_hung, [&] { return is_over() || report_->ended(); });
    (void)within(until_inscribed, is_over);
}

void Trial::expect(const Command& command, const std::vector<Ending>& endings) {
    const Running other = scene_->launch(command);
    if (!within(until_hung, [&] { return other.ended(); })) {
        complain("'" + other.command() + "' hangs");
        return;
    }
    const Ending ending = other.wait_ending();
    const bool is_right = std::find(endings.begin(), endings.end(), ending) != endings.end();
    const bool may_refuse = wish_.action == Intervention::Action::fail && is_refusal(ending);
    if (is_right || may_refuse) return;
    complain("'" + other.command() + "' ended with " + text_of(ending) + ", saying " +
             in_line(other.stderr_text()));
}

bool Trial::is_inscribed_ready() const {
    const auto files = records(*scene_);
    return std::any_of(files.begin(), files.end(), [](const auto& file) {
        return whole_file(file).find("ready_since") != std::string::npos;
    });
}

void Trial::await_return() {
    if (within(until_hung, [&] { return watched_->ended(); })) return;
    read_report();
    if (!is_excepted(*this, wish_, Promise::time)) complain("does not return");
}

void Trial::await_end() {
    const bool has_ended = within(until_hung, [&] { return watched_->ended(); });
    read_report();
    if (has_ended) return;
    complain("it hangs");
    for (const Process& one : scene_->survivors()) {
        complaints_ += "    " + portrait(one) + "\n";
        (void)signal_exactly(one, SIGKILL);
    }
}

void Trial::read_report() {
    if (!within(until_hung, [&] { return report_->ended(); })) {
        complain("the tracer hangs");
        return;
    }
    std::istringstream words(report_->text());
    std::string word;
    words >> word;
    was_hit_ = word == "hit";
    if (was_hit_) {
        words >> call_ >> errors_ >> word;
        is_before_main_ = word == "start";
    } else {
        words >> calls_;
    }
    if (word.empty()) complain("the tracer did not report");
}

void Trial::judge_ending() {
    const Ending ending = watched_->wait_ending();
    const Role self = play_.roles.front();
    const auto& victims = wish_.victims;
    const bool was_victim = std::find(victims.begin(), victims.end(), self) != victims.end();
    if (was_victim && was_hit_ && ending == killed_by(SIGKILL)) return;
    const auto& endings = play_.endings;
    const bool is_natural = std::find(endings.begin(), endings.end(), ending) != endings.end();
    if (!was_hit_ && !is_natural) complain("without a fault it ended with " + text_of(ending));
    if (!was_hit_) return;
    // A job that was stopped or killed, because one side heard no more of the other, ended so.
    const bool is_documented = is_natural || is_refusal(ending) || ending == killed_by(SIGTERM) ||
                               ending == killed_by(SIGKILL);
    if (!is_documented && !is_excepted(*this, wish_, Promise::status)) {
        complain("ended with " + text_of(ending) + ", saying " + in_line(watched_->stderr_text()));
    }
    judge_words();
}

void Trial::judge_words() {
    const std::string& said = watched_->stderr_text();
    const bool must_speak = is_refusal(watched_->wait_ending());
    if (said.empty() && must_speak && !is_excepted(*this, wish_, Promise::words)) {
        complain("refused without a word, with " + text_of(watched_->wait_ending()));
    }
    std::istringstream lines(said);
    for (std::string line; std::getline(lines, line);) {
        const bool is_clear = line.rfind("once: ", 0) == 0 && line.size() > 12 &&
                              line.find("std::") == std::string::npos &&
                              line.find("terminate called") == std::string::npos;
        if (line.find("once: the end of its log, ") == 0) return;  // the job's words follow
        if (is_clear || is_excepted(*this, wish_, Promise::words)) continue;
        complain("said " + in_line(line));
    }
}

std::vector<Process> Trial::strangers() const {
    std::vector<Process> left = scene_->survivors();
    if (!bystander_ || bystander_->ended()) return left;
    std::vector<pid_t> legitimate = descendants(bystander_->pid());
    legitimate.push_back(bystander_->pid());
    std::erase_if(left, [&](const Process& one) {
        return std::find(legitimate.begin(), legitimate.end(), one.pid) != legitimate.end();
    });
    return left;
}

void Trial::judge_survivors() {
    // With both killed there is nobody but the next launch.
    if (wish_.victims.size() > 1) return;
    if (play_.has_leftovers && watched_->wait_ending() != play_.endings.front()) return;
    std::vector<Process> left;
    const bool none = within(until_swept, [&] {
        left = strangers();
        return left.empty();
    });
    if (none) return;
    for (const Process& one : left) complain("survivor: " + portrait(one));
}

void Trial::judge_records() {
    for (const char* const kind : {".json", ".next", ".lock"}) {
        for (const auto& file : state_files(*scene_, kind)) {
            const std::string text = whole_file(file);
            const std::string line = text.substr(0, text.find('\n'));
            if (is_record(line) || (line.empty() && file.extension() == ".lock")) continue;
            if (text.empty() && !std::filesystem::exists(file)) continue;  // a holder has ended
            complain("damaged: " + file.filename().string() + ": " + in_line(text));
        }
    }
}

void Trial::judge_status() {
    const Running status = scene_->launch({"once", "status", "--json"});
    if (!within(until_hung, [&] { return status.ended(); })) return complain("status hangs");
    const Ending ending = status.wait_ending();
    if (ending == exited(125) || !Json::accept(status.stdout_text())) {
        complain("status ended with " + text_of(ending) + ", saying " +
                 in_line(status.stdout_text() + status.stderr_text()));
    }
}

void Trial::judge_next_launch() {
    const Running next =
        scene_->launch({"once", "-p", scene_->port(), "--", "actor", "exit", *own_ending.code});
    if (!within(until_hung, [&] { return next.ended(); })) {
        return complain("the next launch hangs");
    }
    if (next.wait_ending() != own_ending) {
        complain("the next launch ended with " + text_of(next.wait_ending()));
    }
    std::istringstream lines(next.stderr_text());
    for (std::string line; std::getline(lines, line);) {
        const bool is_usual =
            line.rfind("once: replaced ", 0) == 0 || line.rfind("once: sweeping ", 0) == 0 ||
            line.rfind("once: waiting for the end of ", 0) == 0;  // on a loaded machine
        if (!is_usual) complain("the next launch said " + in_line(line));
    }
    std::vector<Process> left;
    const bool none = within(until_swept, [&] {
        left = scene_->survivors();
        return left.empty();
    });
    for (const Process& one : left) {
        if (!none) complain("survivor of the next launch: " + portrait(one));
    }
    for (const char* const kind : {".json", ".next", ".new"}) {
        for (const auto& file : state_files(*scene_, kind)) {
            complain("left for ever: " + file.filename().string());
        }
    }
    for (const auto& lock : held_locks(*scene_)) complain("held: " + lock.string());
}

void Trial::complain(const std::string& what) {
    const std::string words = [&] {
        std::string all;
        for (const std::string& word : to_words(wish_)) all += " " + word;
        return all;
    }();
    std::string where = std::string(play_.name) + words;
    if (was_hit_) where += std::string(" (") + call_name(call_) + ")";
    complaints_ += where + ": " + what + "\n";
}

}  // namespace once::test
