#include "claim/stranger.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "claim/commands.hpp"

namespace once::claim {
namespace {

class Table {
public:
    Table() {
        for (auto& process : os::read_processes()) {
            const int pid = process.id.pid;
            children_.emplace(process.parent, pid);
            processes_.emplace(pid, std::move(process));
        }
    }

    [[nodiscard]] const os::ProcessFacts* find(int pid) const {
        const auto found = processes_.find(pid);
        return found == processes_.end() ? nullptr : &found->second;
    }

    /// Who may have files open: neither zombies nor the kernel's own threads, of which there are
    /// many.
    [[nodiscard]] std::vector<int> possible_owners() const {
        std::vector<int> pids;
        pids.reserve(processes_.size());
        for (const auto& [pid, process] : processes_) {
            if (!process.is_zombie() && !process.is_kernel_thread) pids.push_back(pid);
        }
        return pids;
    }

    [[nodiscard]] std::vector<int> living_children(int pid) const {
        std::vector<int> living;
        const auto [first, last] = children_.equal_range(pid);
        for (auto child = first; child != last; ++child) {
            if (!processes_.at(child->second).is_zombie()) living.push_back(child->second);
        }
        return living;
    }

private:
    std::map<int, os::ProcessFacts> processes_;
    std::multimap<int, int> children_;
};

// The way from those who share a socket up to the roots of their job.
class Climb {
public:
    Climb(const Table& table, const Stranger& stranger)
        : table_(table),
          stranger_(stranger),
          ours_(own_ancestors()),
          branch_(stranger.sharers.begin(), stranger.sharers.end()) {
        for (const int pid : stranger.sharers) {
            if (table.find(pid) != nullptr && !has_ancestor_in_branch(pid)) tops_.insert(pid);
        }
    }

    std::set<int> run() {
        while (step()) {
        }
        // What one way has not led up from may still be below where another has ended.
        std::erase_if(tops_, [&](int top) { return has_ancestor_in_branch(top); });
        return tops_;
    }

private:
    bool has_ancestor_in_branch(int pid) const {
        int steps = 0;
        for (const auto* one = table_.find(pid); one != nullptr && steps < 1000; ++steps) {
            if (branch_.contains(one->parent)) return true;
            one = table_.find(one->parent);
        }
        return false;
    }

    bool step() {
        for (const int top : tops_) {
            const auto* process = table_.find(top);
            const auto* parent = table_.find(process->parent);
            if (parent == nullptr || !may_climb(*process, *parent)) continue;
            branch_.insert(parent->id.pid);
            std::erase_if(tops_,
                          [&](int one) { return table_.find(one)->parent == parent->id.pid; });
            if (!has_ancestor_in_branch(parent->id.pid)) tops_.insert(parent->id.pid);
            return true;
        }
        return false;
    }

    bool may_climb(const os::ProcessFacts& child, const os::ProcessFacts& parent) const {
        const int pid = parent.id.pid;
        if (pid <= 1 || parent.is_zombie() || parent.session != child.session ||
            std::find(ours_.begin(), ours_.end(), pid) != ours_.end() ||
            os::owner_of(pid) != os::owner_of(child.id.pid) ||
            os::control_group_of(pid) != os::control_group_of(child.id.pid) ||
            os::pid_namespace_of(pid) != os::pid_namespace_of(child.id.pid)) {
            return false;
        }
        const auto arguments = os::arguments_of(pid);
        const auto role = role_of(arguments, parent.name);
        // Who gives its children groups of their own does job control: a shell that somebody types
        // into, whatever it calls itself. Some watchers do, too, but lead no session.
        const bool has_job_control = parent.group != child.group;
        if (has_job_control && (role != Role::watcher || pid == parent.session)) return false;
        switch (role) {
            case Role::watcher:
                return true;
            case Role::wrapper:
            case Role::manager:
                return has_nothing_else(pid);
            case Role::terminal:
            case Role::supervisor:
                return false;
            case Role::other:
                break;
        }
        // A server that has forked its worker (gunicorn, django's reloader) runs the same command,
        // and does nothing but that.
        return pid != parent.session && runs_same(arguments, os::arguments_of(child.id.pid)) &&
               has_only_workers(pid, arguments);
    }

    bool has_only_workers(int pid, const std::vector<std::string>& arguments) const {
        const auto children = table_.living_children(pid);
        return std::all_of(children.begin(), children.end(), [&](int child) {
            const auto its = os::arguments_of(child);
            return branch_.contains(child) || is_helper(its) ||
                   (runs_same(arguments, its) && !serves_another_port(child));
        });
    }

    // One command may have forked several servers, of which only one is asked for.
    bool serves_another_port(int pid) const {
        auto others = os::listeners(std::nullopt);
        const auto ours = stranger_.sockets.front().port;
        std::erase_if(others, [&](const os::Socket& socket) { return socket.port == ours; });
        const auto inodes = os::inodes_of(others);
        const auto its = os::find_owners(inodes, std::vector<int>{pid}).found;
        const auto shared = os::find_owners(inodes, stranger_.sharers).found;
        return std::any_of(its.begin(), its.end(), [&](const os::SocketOwner& one) {
            return std::none_of(shared.begin(), shared.end(), [&](const os::SocketOwner& other) {
                return other.inode == one.inode;
            });
        });
    }

    bool has_nothing_else(int pid) const {
        const auto children = table_.living_children(pid);
        return std::all_of(children.begin(), children.end(), [&](int child) {
            return branch_.contains(child) || is_helper(os::arguments_of(child));
        });
    }

    const Table& table_;
    const Stranger& stranger_;
    std::vector<int> ours_;
    std::set<int> branch_;
    std::set<int> tops_;
};

// What was started in a session of its own (a browser that vite opened) is no part of the job,
// unless it has the socket, or leads to it.
void add_members(const Table& table, const os::ProcessFacts& root, const std::set<int>& needed,
                 Stranger& stranger) {
    std::vector<const os::ProcessFacts*> members{&root};
    std::set<int> seen{root.id.pid};
    for (std::size_t next = 0; next < members.size(); ++next) {
        for (const int pid : table.living_children(members[next]->id.pid)) {
            const auto* child = table.find(pid);
            if (child->session != root.session && !needed.contains(pid)) continue;
            if (seen.insert(pid).second) members.push_back(child);
        }
    }
    for (const auto* member : members) stranger.members.push_back(*member);
}

// The sharers and everybody on the way up from them.
std::set<int> needed_for(const Table& table, const std::vector<int>& sharers) {
    std::set<int> needed;
    for (const int sharer : sharers) {
        int pid = sharer;
        for (int steps = 0; steps < 1000 && needed.insert(pid).second; ++steps) {
            const auto* process = table.find(pid);
            if (process == nullptr) break;
            pid = process->parent;
        }
    }
    return needed;
}

void complete(const Table& table, Stranger& stranger) {
    const auto needed = needed_for(table, stranger.sharers);
    auto tops = Climb(table, stranger).run();
    // Parents that were read while pids went round lead in a circle.
    if (tops.empty()) tops.insert(stranger.sharers.front());
    stranger.roots.clear();
    stranger.members.clear();
    for (const int top : tops) {
        const auto& root = *table.find(top);
        stranger.roots.push_back(root);
        // What init or a supervisor has started is not one job.
        const bool stands_alone =
            top == 1 || role_of(os::arguments_of(top), root.name) == Role::supervisor;
        if (stands_alone) {
            stranger.members.push_back(root);
        } else {
            add_members(table, root, needed, stranger);
        }
    }
}

std::vector<int> pids_of(const std::vector<os::ProcessFacts>& processes) {
    std::vector<int> pids;
    pids.reserve(processes.size());
    for (const auto& process : processes) pids.push_back(process.id.pid);
    return pids;
}

// Two sockets of one job (127.0.0.1 and ::1) make one stranger, found anew by all who share them.
void join(const Table& table, std::vector<Stranger>& strangers, Stranger next) {
    while (true) {
        auto members = pids_of(next.members);
        std::sort(members.begin(), members.end());
        const auto same =
            std::find_if(strangers.begin(), strangers.end(), [&](const Stranger& one) {
                return std::any_of(one.members.begin(), one.members.end(), [&](const auto& member) {
                    return std::binary_search(members.begin(), members.end(), member.id.pid);
                });
            });
        if (same == strangers.end()) break;
        next.sockets.insert(next.sockets.begin(), same->sockets.begin(), same->sockets.end());
        next.sharers.insert(next.sharers.end(), same->sharers.begin(), same->sharers.end());
        std::sort(next.sharers.begin(), next.sharers.end());
        next.sharers.erase(std::unique(next.sharers.begin(), next.sharers.end()),
                           next.sharers.end());
        strangers.erase(same);
        complete(table, next);
    }
    strangers.push_back(std::move(next));
}

}  // namespace

std::vector<Stranger> find_strangers(const std::vector<os::Socket>& sockets) {
    std::vector<Stranger> strangers;
    if (sockets.empty()) return strangers;
    const Table table;
    const auto owners = os::find_owners(os::inodes_of(sockets), table.possible_owners());
    Stranger unseen;
    for (const auto& socket : sockets) {
        Stranger stranger;
        stranger.sockets.push_back(socket);
        for (const auto& owner : owners.found) {
            if (owner.inode == socket.inode) stranger.sharers.push_back(owner.pid);
        }
        if (stranger.sharers.empty()) {
            unseen.sockets.push_back(socket);
            continue;
        }
        std::sort(stranger.sharers.begin(), stranger.sharers.end());
        complete(table, stranger);
        join(table, strangers, std::move(stranger));
    }
    if (!unseen.sockets.empty()) strangers.push_back(std::move(unseen));
    return strangers;
}

std::vector<Stranger> find_strangers(os::Port port) { return find_strangers(os::listeners(port)); }

std::vector<int> own_ancestors() {
    std::vector<int> pids;
    for (auto process = os::read_process(os::own_pid()); process && pids.size() < 1000;
         process = os::read_process(process->parent)) {
        pids.push_back(process->id.pid);
    }
    return pids;
}

}  // namespace once::claim
