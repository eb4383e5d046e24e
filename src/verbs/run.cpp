#include "verbs/run.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <utility>

#include "base/text.hpp"
#include "claim/admission.hpp"
#include "claim/dependencies.hpp"
#include "claim/description.hpp"
#include "claim/foresight.hpp"
#include "claim/holder.hpp"
#include "claim/starter.hpp"
#include "claim/traces.hpp"
#include "claim/waiting.hpp"
#include "os/executable.hpp"
#include "os/planted.hpp"
#include "os/self.hpp"
#include "os/state_folder.hpp"
#include "verbs/introduce.hpp"
#include "verbs/launch.hpp"

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
    record.sweeps_daemons = wish.sweep_daemons;
    if (!wish.pid_file.empty()) record.pid_file = os::absolute_path(wish.pid_file);
    record.stop_timeout = wish.stop.timeout;
    record.awaits_ready = wish.ready.has_value();
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

// A PORT that a person has set stays; one that an outer `once` has set for its own job does not.
bool has_port_of_its_user() {
    const char* port = os::variable("PORT");
    const char* outer = os::variable("ONCE_PORTS");
    if (port == nullptr || outer == nullptr) return port != nullptr;
    const std::string_view all = outer;
    return all.substr(0, all.find(',')) != port;
}

std::vector<std::string> environment_for(const claim::Record& self) {
    auto environment = os::environment();
    const char* outer = os::variable("ONCE_JOB");
    const bool is_nested = outer != nullptr && outer[0] != '\0';
    set(environment, "ONCE_JOB", is_nested ? std::string(outer) + ':' + self.job : self.job);
    if (!self.name.empty()) set(environment, "ONCE_NAME", self.name);
    if (self.ports.empty()) return environment;
    set(environment, "ONCE_PORTS", fmt::format("{}", fmt::join(self.ports, ",")));
    if (!has_port_of_its_user()) set(environment, "PORT", std::to_string(self.ports.front()));
    return environment;
}

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
    plan.daemons = claim::daemon_rule(self);
    plan.job = self.job;
    plan.records = claim::paths_of(claim.slots, self, claim::record_file);
    plan.locks = claim::paths_of(claim.slots, self, claim::lock_file);
    plan.pid_file = self.pid_file;
    return plan;
}

// What somebody may have meant by a command that is not there; empty if it looks like one.
std::string hint_for(const std::string& word, const std::string& folder) {
    if (word == "help" || word == "version") {
        return fmt::format("to ask once itself: once --{}", word);
    }
    if (word == "list") return "to ask once itself: once status";
    if (claim::port_in(word)) return fmt::format("to claim that port: once -p {} -- ...", word);
    if (os::is_executable(folder + "/node_modules/.bin/" + word)) {
        return fmt::format("it is in node_modules/.bin: once ... -- npx {}", word);
    }
    for (const std::string_view builtin : {"cd", "export", "source", "alias", "."}) {
        if (word == builtin) return "it is a word of the shell: once ... -- sh -c '...'";
    }
    for (const std::string_view verb : {"status", "stop", "who", "logs", "restart"}) {
        if (word == verb) {
            return fmt::format("to ask once itself, begin with the verb: once {}", verb);
        }
        if (word.size() > 2 && distance(word, verb) <= (word.size() > 3 ? 2U : 1U)) {
            return fmt::format("to ask once itself: once {}", verb);
        }
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
        const auto hint = hint_for(word, folder);
        if (hint.empty()) throw;
        throw Failure(failure.ending(), fmt::format("{}\n{}", failure.what(), hint));
    }
}

os::Command command_for(const RunRequest& wish, const claim::Record& self, const Grouping& grouping,
                        const os::Events& events, const Output* output) {
    os::Command command;
    command.executable = find_executable(wish.command.front(), self.folder);
    command.argv = wish.command;
    command.environment = environment_for(self);
    command.folder = self.folder;
    command.signals = events.inherited();
    command.own_group = grouping.own_group;
    command.hand_over = grouping.hands_over ? &*grouping.terminal : nullptr;
    if (output != nullptr) command.output = &output->pipe().inlet();
    return command;
}

claim::Dependencies dependencies_of(const RunRequest& wish, const claim::Claim& claim) {
    return {wish.dependencies, wish.dependency_timeout, claim.self.folder};
}

// A launch in the background does not write over what its user types meanwhile.
void await_dependencies(const RunRequest& wish, const claim::Claim& claim, const Voice& voice,
                        const Grouping& grouping, claim::Waiting&& waiting) {
    const bool is_live = grouping.terminal && grouping.terminal->is_foreground();
    Progress progress(voice, is_live);
    claim::await_dependencies(dependencies_of(wish, claim), waiting,
                              [&](const job::Endpoint& endpoint, const std::string& line) {
                                  progress.show(endpoint.text, line);
                              });
}

void foresee_dependencies(const RunRequest& wish, const claim::Claim& claim, const Voice& voice,
                          claim::Waiting&& waiting) {
    const auto lines = claim::foresee_dependencies(dependencies_of(wish, claim), waiting);
    for (const auto& line : lines) voice.say(line);
}

void print_plan(const claim::Claim& claim, const Voice& voice, claim::Waiting&& waiting) {
    const auto foresight = claim::foresee(claim, waiting);
    for (const auto& line : foresight.lines) voice.say(line);
    if (!foresight.would_launch) return;
    voice.say(fmt::format("would run '{}' in {}", claim::command_text(claim.self.command),
                          claim::folder_text(claim.self.folder)));
}

// The log of a job in the background: the caller's, or that of its first slot.
JournalPlan journal_plan(const RunRequest& wish, const claim::Claim& claim) {
    JournalPlan plan;
    plan.path =
        wish.log_file.empty()
            ? claim::log_path(*std::min_element(claim.slots.begin(), claim.slots.end()), claim.self)
            : os::absolute_path(wish.log_file);
    plan.max_size = wish.log_max_size;
    plan.keep = wish.log_keep;
    plan.timestamps = wish.log_timestamps;
    return plan;
}

void prove_log(const JournalPlan& plan) {
    for (std::size_t times = 0; times <= plan.keep; ++times) {
        os::refuse_planted(rotated_path(plan.path, times), "the log");
    }
    (void)Journal(plan);
}

// What the caller of a launch in the background does: it waits until the job is up or has ended.
Ending await_background(os::Background& background) {
    constexpr int news_token = 1;
    os::Events events(os::Catch::usual);
    events.watch(background.handle(), news_token);
    std::optional<int> asked;  // by this signal, which is ours to die of
    while (true) {
        const auto event = events.next(std::nullopt);
        if (std::holds_alternative<os::Ready>(event)) {
            const auto ending = background.outcome();
            if (asked) return Ending::killed(*asked);
            return ending.value_or(Ending::exited(0));
        }
        const auto* signal = std::get_if<os::Signal>(&event);
        if (signal == nullptr || !job::asks_to_end(signal->number)) continue;
        asked = signal->number;
        background.ask_to_end();
    }
}

// One launch, in the process that stays with it.
class Run {
public:
    Run(const RunRequest& wish, Voice& voice, std::uint64_t begun, os::Background* background)
        : wish_(wish),
          voice_(voice),
          background_(background),
          grouping_(grouping_of(wish.group)),
          events_(catch_of(grouping_)),  // signals are events from here on
          claim_{{},         policy_of(wish),      wish.patience,
                 wish.force, wish.conflict_status, introduce(wish, begun)} {
        claim_.slots = slots_of(wish, claim_.self);
        claim_.detaches = wish.detach;
    }

    Ending run(const os::Process* parent, const claim::Starter& starter) {
        if (background_ != nullptr) prepare_output(starter);
        const auto command = command_for(wish_, claim_.self, grouping_, events_, output_.get());
        const auto* bond = background_ != nullptr ? &background_->caller() : parent;
        if (wish_.dry_run) {
            if (!wish_.dependencies.empty())
                foresee_dependencies(wish_, claim_, voice_, wait(bond));
            print_plan(claim_, voice_, wait(bond));
            return Ending::exited(0);
        }
        std::optional<os::PidFile> pid_file;  // proven before anybody is replaced for this launch
        if (!wish_.pid_file.empty()) pid_file.emplace(wish_.pid_file);
        if (!wish_.dependencies.empty()) {
            await_dependencies(wish_, claim_, voice_, grouping_, wait(bond));
        }
        const auto plan = keeper_plan(wish_, claim_);
        auto job = prepare(command, plan);
        auto admitted = admit(bond);
        if (const auto* reused = std::get_if<claim::Reused>(&admitted)) {
            voice_.say("already running: " + claim::describe(reused->holder));
            return Ending::exited(0);
        }
        auto& lease = std::get<claim::Lease>(admitted);
        if (output_) open_log(lease);
        return launch({wish_, voice_, grouping_, events_, lease, command, plan, parent,
                       pid_file ? &*pid_file : nullptr, background_, output_.get()},
                      std::move(job));
    }  // tree swept, terminal returned, record erased, lock opened

private:
    void prepare_output(const claim::Starter& starter) {
        auto& self = claim_.self;
        output_ = std::make_shared<Output>(journal_plan(wish_, claim_));
        self.starter = starter;  // of the one that was called
        self.log = output_->path();
        self.stdio = {output_->pipe().id()};
        // Proven before anybody is replaced for this launch. The slot's own is in a folder of ours.
        if (!wish_.log_file.empty()) prove_log(journal_plan(wish_, claim_));
    }

    [[nodiscard]] claim::Waiting wait(const os::Process* bond) {
        return claim::Waiting(events_, wish_.conflict_status, bond);
    }

    std::variant<claim::Lease, claim::Reused> admit(const os::Process* bond) {
        auto waiting = wait(bond);
        return claim::admit(claim_, waiting, [&](const std::string& line) { voice_.say(line); });
    }

    void open_log(claim::Lease& lease) {
        output_->open();
        lease.record().log = output_->journal().path();
        lease.note_log();
        // Shared: why we end is said when this object is gone.
        voice_.also_tell(
            [output = output_](std::string_view words) { output->journal().say(words); });
    }

    const RunRequest& wish_;
    Voice& voice_;
    os::Background* background_;
    Grouping grouping_;
    os::Events events_;
    claim::Claim claim_;
    std::shared_ptr<Output> output_;  // null: the job has ours
};

}  // namespace

Ending run(const RunRequest& wish, Voice& voice, std::uint64_t begun) {
    const char* bypass = os::variable("ONCE");
    const bool is_bypassed = bypass != nullptr && std::string_view(bypass) == "0";
    if (is_bypassed && wish.dry_run) {
        voice.say(fmt::format("would run '{}' as if once was not there, since ONCE is 0",
                              claim::command_text(wish.command)));
        return Ending::exited(0);
    }
    if (is_bypassed) os::execute(wish.command);

    const auto parent = wish.with_parent ? std::optional<os::Process>(hold_parent()) : std::nullopt;
    const auto* bond = parent ? &*parent : nullptr;
    if (!wish.detach || wish.dry_run) return Run(wish, voice, begun, nullptr).run(bond, {});
    const auto starter = claim::own_starter();
    auto background = os::Background::begin();
    if (background.is_caller()) return await_background(background);
    return Run(wish, voice, begun, &background).run(bond, starter);
}

}  // namespace once::verbs
