#include "job/offspring.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <set>

namespace once::job {
namespace {

using Table = std::vector<os::ProcessFacts>;
using Children = std::multimap<int, const os::ProcessFacts*>;

Children by_parent(const Table& table) {
    Children children;
    for (const auto& process : table) children.emplace(process.parent, &process);
    return children;
}

// `top` and everything below it. The table was read while the world went on: with a pid that was
// used again meanwhile it can hold a circle, which must not become an endless walk.
std::vector<const os::ProcessFacts*> family(const Children& children, const os::ProcessFacts& top) {
    std::vector<const os::ProcessFacts*> members{&top};
    std::set<int> seen{top.id.pid};
    for (std::size_t next = 0; next < members.size(); ++next) {
        const auto [first, last] = children.equal_range(members[next]->id.pid);
        for (auto child = first; child != last; ++child) {
            if (seen.insert(child->second->id.pid).second) {
                members.push_back(child->second);
            }
        }
    }
    return members;
}

// Looked at only when somebody could be a daemon at all: rare, and then still cheap.
bool listens_on(const std::vector<const os::ProcessFacts*>& members,
                const std::vector<os::Port>& ports) {
    std::vector<int> pids;
    pids.reserve(members.size());
    for (const auto* member : members) pids.push_back(member->id.pid);
    std::vector<std::uint64_t> inodes;
    for (const auto port : ports) {
        for (const auto& socket : os::listeners(port)) inodes.push_back(socket.inode);
    }
    return !inodes.empty() && !os::find_owners(inodes, pids).found.empty();
}

enum class Kind { member, doubtful, daemon };

Kind kind_of(const Children& children, const os::ProcessFacts& orphan, const DaemonRule& rule) {
    if (!rule.spare || orphan.is_zombie() || orphan.session == rule.session) return Kind::member;
    const bool holds_ours = os::holds_one_of(orphan.id.pid, rule.stdio);
    if (listens_on(family(children, orphan), rule.ports)) return Kind::member;
    // It may have closed its files, and look as if it had never held ours.
    if (os::is_dying(orphan.id)) return Kind::member;
    return holds_ours ? Kind::doubtful : Kind::daemon;
}

// Sweeping the family that we are in would end us in the middle of it.
bool is_ours(const std::vector<const os::ProcessFacts*>& members) {
    std::set<int> pids;
    for (const auto* member : members) pids.insert(member->id.pid);
    auto one = os::read_process(os::own_pid());
    for (int steps = 0; one && steps < 1000; ++steps) {
        if (pids.contains(one->id.pid)) return true;
        one = os::read_process(one->parent);
    }
    return false;
}

// Parts the families below these orphans.
void part(const Children& children, const os::ProcessFacts& top, bool is_orphan,
          const DaemonRule& rule, Offspring& found) {
    const auto kind = is_orphan ? kind_of(children, top, rule) : Kind::member;
    if (kind == Kind::daemon) {
        found.daemons.push_back(top);
        return;
    }
    for (const auto* member : family(children, top)) {
        // A zombie whose parent lives is that parent's to reap, and does nothing any more.
        if (member->is_zombie()) continue;
        found.job.push_back(*member);
        if (kind == Kind::doubtful) found.doubtful.push_back(member->id);
    }
}

// Whom `root` has below it, zombies too, level by level; cut off when there are more than `most`.
Table walk_below(int root, std::size_t most) {
    auto found = os::read_children(root);
    std::set<int> seen{root};
    for (std::size_t next = 0; next < found.size() && found.size() <= most; ++next) {
        const auto process = found[next];
        if (!seen.insert(process.id.pid).second) continue;
        auto children = os::read_children(process.id.pid, process.threads);
        if (children.empty()) continue;
        // If its number was given away meanwhile they are somebody else's.
        const auto now = os::read_process(process.id.pid);
        if (!now || now->id != process.id) continue;
        std::move(children.begin(), children.end(), std::back_inserter(found));
    }
    return found;
}

Offspring sort_out(const Table& table, int root, const os::Custody& custody,
                   const DaemonRule& rule) {
    const auto children = by_parent(table);
    const auto& others = custody.others();
    Offspring found;
    const auto [first, last] = children.equal_range(root);
    for (auto child = first; child != last; ++child) {
        const auto& top = *child->second;
        if (std::find(others.begin(), others.end(), top.id) != others.end()) continue;
        part(children, top, top.id != custody.leader(), rule, found);
    }
    return found;
}

// All below it, for a kernel that does not list children.
Table read_family(int root) {
    const auto table = os::read_processes();
    const auto children = by_parent(table);
    os::ProcessFacts top;
    top.id.pid = root;
    Table found;
    for (const auto* member : family(children, top)) {
        if (member != &top) found.push_back(*member);
    }
    return found;
}

// Nothing if a parent went on the way, whose children have another one now.
std::optional<bool> climb(int pid, int root) {
    auto process = os::read_process(pid);
    while (process && process->parent != 0) {
        if (process->parent == root) return true;
        auto parent = os::read_process(process->parent);
        if (!parent || parent->id.started > process->id.started) return std::nullopt;
        process = std::move(parent);
    }
    return false;
}

}  // namespace

Offspring look_below(int root, const os::Custody& custody, const DaemonRule& rule) {
    // So many are found more cheaply one by one, whatever else lives on the machine. That way
    // somebody may be missed who loses his parent meanwhile: that nobody is left, the table says.
    constexpr std::size_t few = 64;
    const auto family = walk_below(root, few);
    if (family.size() <= few) {
        auto found = sort_out(family, root, custody, rule);
        if (!found.job.empty()) return found;
    }
    auto table = os::read_processes();
    // Who forks and exits at once, again and again, is in the table as somebody who is gone, and
    // his child is not in it. But a fresh look at our children finds him: he has lost his parent.
    std::set<os::ProcessId> known;
    for (const auto& process : table) known.insert(process.id);
    for (auto& child : os::read_children(root)) {
        if (!known.contains(child.id)) table.push_back(std::move(child));
    }
    return sort_out(table, root, custody, rule);
}

Offspring look_for(const std::function<bool(const os::ProcessFacts&)>& belongs,
                   const DaemonRule& rule) {
    Table table;
    std::set<int> members;
    for (auto& process : os::read_processes()) {
        if (!belongs(process)) continue;
        members.insert(process.id.pid);
        table.push_back(std::move(process));
    }
    const auto children = by_parent(table);
    Offspring found;
    for (const auto& process : table) {
        const bool is_top = !members.contains(process.parent);
        if (is_top && !is_ours(family(children, process))) {
            part(children, process, true, rule, found);
        }
    }
    return found;
}

bool is_spared(const os::ProcessFacts& orphan, const DaemonRule& rule) {
    if (!rule.spare || orphan.session == rule.session) return false;  // most are not
    const auto table = os::read_processes();
    return kind_of(by_parent(table), orphan, rule) == Kind::daemon;
}

std::vector<int> pids_below(int root) {
    if (root <= 0) return {};  // no subreaper yet: below 0 is everybody
    auto found = walk_below(root, std::numeric_limits<std::size_t>::max());
    if (found.empty()) found = read_family(root);
    std::set<int> pids;
    for (const auto& process : found) {
        if (!process.is_zombie()) pids.insert(process.id.pid);
    }
    return {pids.begin(), pids.end()};
}

bool is_below(int pid, int root) {
    if (root <= 0) return false;
    constexpr int most_tries = 10;
    for (int tries = 0; tries < most_tries; ++tries) {
        const auto answer = climb(pid, root);
        if (answer) return *answer;
    }
    return false;
}

}  // namespace once::job
