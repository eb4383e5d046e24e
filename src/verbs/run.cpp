#include "verbs/run.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "claim/admission.hpp"
#include "claim/description.hpp"
#include "claim/foresight.hpp"
#include "claim/port.hpp"
#include "claim/starter.hpp"
#include "claim/traces.hpp"
#include "claim/waiting.hpp"
#include "job/keeper.hpp"
#include "job/supervisor.hpp"
#include "os/executable.hpp"
#include "os/job.hpp"
#include "os/pid_file.hpp"
#include "os/self.hpp"
#include "os/state_folder.hpp"
#include "os/terminal.hpp"
#include "verbs/introduce.hpp"
#include "verbs/news.hpp"

namespace once::verbs {
namespace {

claim::Policy policy_of(const RunRequest& wish) {
    if (wish.policy) return *wish.policy;
    if (wish.force) return claim::Policy::replace;  // said here and now, it is more than a default
    const char* value = os::variable("ONCE_POLICY");
    const std::string name = value != nullptr ? value : "";
    if (name.empty() || name == "replace") return claim::Policy::replace;
    if (name == "refuse") return claim::Policy::refuse;
    if (name == "reuse") return claim::Policy::reuse;
    if (name == "wait") return claim::Policy::wait;
    fail("ONCE_POLICY is '{}'; it can be replace, refuse, reuse or wait", name);
}

// The process that a job shall end with.
os::Process hold_parent() {
    const int pid = os::parent_pid();
    const auto facts = os::read_process(pid);
    auto parent = facts ? os::Process::open(facts->id) : std::nullopt;
    if (pid <= 0) fail("--with-parent: the process that started once is not visible from here");
    // Orphans get another parent, so the number tells whether it still is the same.
    if (!parent || os::parent_pid() != pid) {
        fail("--with-parent: the process that started once has ended already");
    }
    return std::move(*parent);
}

claim::Record introduce(const RunRequest& wish, std::uint64_t begun) {
    auto record = verbs::introduce(wish.command, wish.folder, begun);
    record.ports = wish.ports;
    record.name = wish.name;
    if (!wish.pid_file.empty()) record.pid_file = os::absolute_path(wish.pid_file);
    record.stop_timeout = wish.stop.timeout;
    return record;
}

std::vector<claim::Slot> slots_of(const RunRequest& wish, const claim::Record& self) {
    std::vector<claim::Slot> slots;
    for (const auto port : wish.ports) slots.push_back(claim::Slot::port(port));
    if (!wish.name.empty()) slots.push_back(claim::Slot::name(wish.name));
    if (slots.empty()) slots.push_back(claim::Slot::folder(self.folder, wish.command));
    return slots;
}

void set(std::vector<std::string>& environment, const std::string& name, const std::string& value) {
    std::erase_if(environment,
                  [&](const std::string& entry) { return entry.starts_with(name + '='); });
    environment.push_back(name + '=' + value);
}

std::vector<std::string> environment_for(const claim::Record& self) {
    auto environment = os::environment();
    const char* outer = os::variable("ONCE_JOB");
    const bool is_nested = outer != nullptr && outer[0] != '\0';
    set(environment, "ONCE_JOB", is_nested ? std::string(outer) + ':' + self.job : self.job);
    if (!self.name.empty()) set(environment, "ONCE_NAME", self.name);
    if (self.ports.empty()) return environment;
    set(environment, "ONCE_PORTS", fmt::format("{}", fmt::join(self.ports, ",")));
    if (os::variable("PORT") == nullptr) {
        environment.push_back(fmt::format("PORT={}", self.ports.front()));
    }
    return environment;
}

// How the job lives with the terminal.
struct Grouping {
    std::optional<os::Terminal> terminal;
    bool own_group = false;
    bool hands_over = false;
};

Grouping grouping_of(Group group) {
    Grouping grouping{os::Terminal::open(), false, false};
    const bool has_terminal = grouping.terminal.has_value();
    grouping.own_group = group == Group::own || (group == Group::automatic && !has_terminal);
    grouping.hands_over = grouping.own_group && has_terminal;
    return grouping;
}

os::Catch catch_of(const Grouping& grouping) {
    if (grouping.hands_over) return os::Catch::with_cont;
    return grouping.own_group ? os::Catch::with_winch : os::Catch::usual;
}

job::KeeperPlan keeper_plan(const RunRequest& wish, const claim::Claim& claim) {
    const auto& self = claim.self;
    job::KeeperPlan plan;
    plan.stop = wish.stop;
    plan.daemons = {!wish.sweep_daemons, self.session, self.stdio, self.ports};
    plan.job = self.job;
    plan.records = claim::record_paths(claim.slots, self);
    plan.pid_file = self.pid_file;
    return plan;
}

// What somebody may have meant by a command that is not there; empty if it looks like one.
std::string hint_for(const std::string& word) {
    if (word == "status" || word == "stop" || word == "who") {
        return fmt::format("to ask once itself, begin with the verb: once {}", word);
    }
    if (word.find(' ') != std::string::npos) {
        return "write the command without quotes around it, or as sh -c '...'";
    }
    const auto equals = word.find('=');
    if (equals != std::string::npos && equals > 0 && word.find('/') > equals) {
        return "to set a variable: once ... -- env NAME=VALUE COMMAND";
    }
    return {};
}

std::string find_executable(const std::string& word, const std::string& folder) {
    try {
        return os::find_executable(word, folder);
    } catch (const Failure& failure) {
        const auto hint = hint_for(word);
        if (hint.empty()) throw;
        throw Failure(failure.ending(), fmt::format("{}\n{}", failure.what(), hint));
    }
}

os::Command command_for(const RunRequest& wish, const claim::Record& self, const Grouping& grouping,
                        const os::Events& events) {
    os::Command command;
    command.executable = find_executable(wish.command.front(), self.folder);
    command.argv = wish.command;
    command.environment = environment_for(self);
    command.folder = self.folder;
    command.signals = events.inherited();
    command.own_group = grouping.own_group;
    command.hand_over = grouping.hands_over ? &*grouping.terminal : nullptr;
    return command;
}

std::string lost_text(const job::PortLook& look) {
    const auto reason = claim::why_not_free(look.port);
    return reason ? *reason : fmt::format("port {} was taken by somebody else", look.port);
}

// A launch from the moment that its slots are held.
class Launch {
public:
    Launch(const RunRequest& wish, const Voice& voice, const Grouping& grouping, os::Events& events,
           claim::Lease& lease, std::optional<os::PidFile>& pid_file, const job::KeeperPlan& plan,
           os::Job job)
        : wish_(wish),
          voice_(voice),
          grouping_(grouping),
          events_(events),
          lease_(lease),
          pid_file_(pid_file),
          plan_(plan),
          job_(std::move(job)) {}

    Ending run(const std::optional<os::Process>& parent) {
        const auto outcome = live(parent);
        if (outcome.has_stuck) {
            lease_.leave_to_keeper();
            if (pid_file_) pid_file_->leave();
        }
        return_terminal(outcome.ending);
        if (outcome.lost_port) throw Failure(wish_.conflict_status, lost_text(*outcome.lost_port));
        if (outcome.had_time_to_listen) check_ports();
        return outcome.ending;
    }

private:
    [[nodiscard]] const os::Terminal* handed_over() const {
        return grouping_.hands_over ? &*grouping_.terminal : nullptr;
    }

    // From the launch until nobody of the job is left.
    job::Outcome live(const std::optional<os::Process>& parent) {
        // A launch in the background gets the terminal when it is brought to the foreground.
        const bool is_foreground = handed_over() != nullptr && handed_over()->is_foreground();
        job_.start(lease_.handles(), is_foreground);
        log::debug("launched '{}' (pid {}), kept by pid {}", claim::command_text(wish_.command),
                   job_.leader().pid, job_.keeper().pid);
        note_launch();
        auto outcome = job::supervise(
            job_, events_,
            {wish_.ports, grouping_.own_group, handed_over(), parent ? &*parent : nullptr, plan_,
             [&](int pid) { return is_successor(pid); },
             [&](const job::News& news) { tell(news); }});
        if (outcome.has_stuck) job_.leave();
        return outcome;
    }

    void note_launch() {
        lease_.record().keeper = job_.keeper();
        lease_.record().leader = job_.leader();
        if (pid_file_) pid_file_->write(job_.leader().pid);
    }

    // Until now the locks alone told whose they are: a command that only lives for a moment needs
    // no more.
    void inscribe() {
        auto& record = lease_.record();
        if (record.starter.id.started == 0) record.starter = claim::own_starter();
        if (lease_.inscribe() || std::exchange(has_told_unwritten_, true)) return;
        voice_.say(fmt::format("cannot write the record of '{}': is the disk full? It runs on",
                               claim::command_text(wish_.command)));
    }

    [[nodiscard]] bool is_successor(int pid) const {
        const auto next = lease_.successor();
        return next && next->once.pid == pid;
    }

    void tell(const job::News& news) {
        if (std::holds_alternative<job::news::Settled>(news)) {
            os::let_go_of_inherited_files();
            inscribe();
        }
        if (std::holds_alternative<job::news::Listening>(news)) {
            lease_.record().ready_since = seconds_since_1970();
            inscribe();
        }
        if (std::holds_alternative<job::news::Stopping>(news)) {
            lease_.record().is_stopping = true;
            inscribe();
        }
        const auto text = news_text(news, lease_);
        if (!text.empty()) voice_.say(text);
    }

    // Its processes are gone; that the kernel is done with their sockets may take a moment more.
    void check_ports() {
        constexpr Duration patience = std::chrono::milliseconds(500);
        claim::Waiting waiting(events_, wish_.conflict_status, nullptr);
        waiting.turn_deaf();
        for (const auto& slot : lease_.slots()) {
            const auto port = slot.number();
            if (port == 0 || claim::await_free(port, waiting, Clock::now() + patience)) continue;
            if (const auto reason = claim::why_not_free(port)) voice_.say(*reason);
        }
    }

    void return_terminal(const Ending& ending) const {
        if (handed_over() != nullptr && handed_over()->foreground_group() == job_.group()) {
            handed_over()->give_to_us();
        }
        const bool died_of_signal = ending.kind == Ending::Kind::killed;
        if (died_of_signal && grouping_.terminal) grouping_.terminal->restore_modes();
    }

    const RunRequest& wish_;
    const Voice& voice_;
    const Grouping& grouping_;
    os::Events& events_;
    claim::Lease& lease_;
    std::optional<os::PidFile>& pid_file_;
    const job::KeeperPlan& plan_;
    bool has_told_unwritten_ = false;
    os::Job job_;  // goes first: waits until the keeper is gone
};

void print_plan(const claim::Claim& claim, const Voice& voice) {
    const auto foresight = claim::foresee(claim);
    for (const auto& line : foresight.lines) voice.say(line);
    if (!foresight.would_launch) return;
    voice.say(fmt::format("would run '{}' in {}", claim::command_text(claim.self.command),
                          claim::folder_text(claim.self.folder)));
}

}  // namespace

Ending run(const RunRequest& wish, const Voice& voice, std::uint64_t begun) {
    const char* bypass = os::variable("ONCE");
    if (bypass != nullptr && std::string_view(bypass) == "0") os::execute(wish.command);

    const auto grouping = grouping_of(wish.group);
    os::Events events(catch_of(grouping));  // signals are events from here on
    const auto parent = wish.with_parent ? std::optional<os::Process>(hold_parent()) : std::nullopt;
    claim::Claim claim{{},         policy_of(wish),      wish.patience,
                       wish.force, wish.conflict_status, introduce(wish, begun)};
    claim.slots = slots_of(wish, claim.self);
    const auto command = command_for(wish, claim.self, grouping, events);
    if (wish.dry_run) {
        print_plan(claim, voice);
        return Ending::exited(0);
    }

    std::optional<os::PidFile> pid_file;  // proven before anybody is replaced for this launch
    if (!wish.pid_file.empty()) pid_file.emplace(wish.pid_file);
    const auto plan = keeper_plan(wish, claim);
    auto job = os::Job::prepare(command, [&](os::Custody& custody) { job::keep(custody, plan); });
    auto admitted = [&] {
        claim::Waiting waiting(events, wish.conflict_status, parent ? &*parent : nullptr);
        return claim::admit(claim, waiting, [&](const std::string& line) { voice.say(line); });
    }();
    if (const auto* reused = std::get_if<claim::Reused>(&admitted)) {
        voice.say("already running: " + claim::describe(reused->holder));
        return Ending::exited(0);
    }
    auto& lease = std::get<claim::Lease>(admitted);
    Launch launch(wish, voice, grouping, events, lease, pid_file, plan, std::move(job));
    return launch.run(parent);
}  // tree swept, terminal returned, record erased, lock opened

}  // namespace once::verbs
