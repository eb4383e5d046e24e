#include "contenders.hpp"

#include "base/failure.hpp"
#include "claim/traces.hpp"

namespace once::test {
namespace {

using fake::world;

const auto slot = claim::Slot::port(port);

claim::Record launch(int pid, std::uint64_t begun, const std::string& job) {
    claim::Record record;
    record.job = job;
    record.boot = "this-boot";
    record.network_namespace = 1;
    record.pid_namespace = 2;
    record.begun = begun;
    record.once = {pid, static_cast<std::uint64_t>(pid)};
    record.session = pid / 2;
    record.folder = "/app";
    record.command = {"pnpm", "dev"};
    record.ports = {port};
    record.stop_timeout = std::chrono::seconds(5);
    record.starter = {{pid / 2, static_cast<std::uint64_t>(pid / 2)}, "bash", "", ""};
    return record;
}

}  // namespace

claim::Record ours(std::uint64_t begun) { return launch(our_once, begun, "our-job"); }
claim::Record theirs(std::uint64_t begun) { return launch(their_once, begun, "their-job"); }

void set_the_stage() {
    fake::begin_anew();
    world().add(1, 0, "init");
    world().add(our_shell, 1, "bash");
    world().add(their_shell, 1, "bash");
    world().add(our_once, our_shell, "once");
    world().self = our_once;
}

Outcome admit(const Wish& wish) {
    claim::Claim claim{{wish.slot}, wish.policy, wish.patience, wish.force, 75, ours(wish.begun)};
    claim.slots.insert(claim.slots.end(), wish.more_slots.begin(), wish.more_slots.end());
    if (wish.is_stop) claim.self.verb = claim::Verb::stop;
    claim.self.changes = wish.changes;
    os::Events events(os::Catch::usual);
    std::optional<os::Process> parent;
    if (wish.with_parent) parent = os::Process::open({our_shell, our_shell});
    claim::Waiting waiting(events, 75, parent ? &*parent : nullptr);
    Outcome outcome;
    try {
        const auto admitted = claim::admit(
            claim, waiting, [&](const std::string& line) { outcome.said.push_back(line); });
        outcome.reused = std::holds_alternative<claim::Reused>(admitted);
        outcome.admitted = !outcome.reused;
        if (const auto* lease = std::get_if<claim::Lease>(&admitted)) {
            outcome.inherited = lease->record().inherited;
            outcome.changes = lease->record().changes;
            for (const auto& [name, holder] : world().locks) {
                outcome.were_two = outcome.were_two || holder == their_once;
            }
        }
    } catch (const Failure& failure) {
        outcome.status = failure.ending().status();
        outcome.words = failure.what();
    }
    return outcome;
}

bool was_left_alone(int pid) { return world().lives(pid) && world().actors[pid].signals.empty(); }

Other::Other(std::uint64_t begun, std::string folder) : self_(theirs(begun)) {
    self_.folder = std::move(folder);
}

void Other::start() const { world().add(their_once, their_shell, "once"); }

void Other::announce() const {
    if (!world().lives(their_once)) return;
    world().files[claim::successor_file(slot, self_)] = to_text(self_);
}

bool Other::take() const {
    const auto name = claim::lock_file(slot, self_);
    if (!world().lives(their_once) || !world().lock(name, their_once)) return false;
    world().files[name] = to_text(self_);
    return true;
}

void Other::record() {
    const auto lock = world().locks.find(claim::lock_file(slot, self_));
    if (lock == world().locks.end() || lock->second != their_once) return;
    world().add(their_keeper, their_once, "job-keeper");
    auto& leader = world().add(their_leader, their_keeper, "node");
    leader.environment["ONCE_JOB"] = self_.job;
    self_.keeper = {their_keeper, their_keeper};
    self_.leader = {their_leader, their_leader};
    world().files[claim::record_file(slot, self_)] = to_text(self_);
}

void Other::listen() const {
    if (world().lives(their_leader)) world().actors[their_leader].ports = {port};
}

void Other::die() const {
    for (const int pid : {their_leader, their_keeper, their_once}) world().end(pid);
}

void Other::leave() const {
    world().files.erase(claim::record_file(slot, self_));
    if (world().lives(their_once)) world().files[claim::lock_file(slot, self_)] = "\n";
    die();
}

}  // namespace once::test
