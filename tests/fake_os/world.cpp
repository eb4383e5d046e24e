#include "world.hpp"

#include <stdexcept>

namespace once {
namespace {

fake::World the_world;
std::map<os::Handle::Raw, fake::Object> objects;
struct Watched {
    os::Handle::Raw raw;
    os::When when;
};
std::map<std::pair<int, int>, Watched> watched;  // by who watches, and token
os::Handle::Raw last_raw = 0;

bool is_ready(const fake::Object& object, os::When when) {
    if (object.kind == fake::Kind::process) return !the_world.lives(object.process.pid);
    if (object.kind == fake::Kind::lookup) return the_world.hosts.contains(object.name);
    if (object.kind != fake::Kind::connection) return false;
    const auto server = the_world.servers.find(object.name);
    if (server == the_world.servers.end()) return true;  // reset
    const auto& [accepts, says, closes] = server->second;
    return accepts && (when == os::When::writable || !says.empty() || closes);
}

std::optional<os::Event> find_ready(int pid) {
    for (const auto& [who, one] : watched) {
        if (who.first == pid && is_ready(objects.at(one.raw), one.when)) {
            return os::Ready{who.second};
        }
    }
    return std::nullopt;
}

std::optional<os::Event> take_event() {
    const auto self = the_world.actors.find(the_world.self);
    if (self == the_world.actors.end() || self->second.events.empty()) {
        return find_ready(the_world.self);
    }
    const auto event = self->second.events.front();
    self->second.events.pop_front();
    return event;
}

os::Event wait_among_others(std::optional<TimePoint> deadline) {
    while (true) {
        if (auto event = take_event()) return *event;
        if (deadline && *deadline <= the_world.now) return os::TimeUp{};
        the_world.on_wait(deadline);
    }
}

}  // namespace

TimePoint Clock::now() noexcept { return the_world.now; }

namespace fake {

World& world() { return the_world; }

void call() {
    if (the_world.on_call) the_world.on_call();
}

bool has_event(int pid) {
    const auto actor = the_world.actors.find(pid);
    const bool has_mail = actor != the_world.actors.end() && !actor->second.events.empty();
    return has_mail || find_ready(pid);
}

void begin_anew() {
    the_world = World();
    objects.clear();
    watched.clear();
}

Actor& World::add(int pid, int parent, const std::string& name) {
    Actor actor;
    actor.facts = {{pid, static_cast<std::uint64_t>(pid)}, parent, pid, pid, 'S', name};
    actor.command = name;
    actor.folder = "/app";
    return actors[pid] = actor;
}

void World::end(int pid) {
    actors.erase(pid);
    std::erase_if(locks, [&](const auto& lock) { return lock.second == pid; });
}

void World::share(os::Port port, std::vector<int> sharers) {
    constexpr std::uint64_t first_inode = 1'000'000;  // those of actors are their pids
    sockets[first_inode + sockets.size()] = {port, std::move(sharers)};
}

bool World::lock(const std::string& name, int pid) {
    files.try_emplace(name);
    return locks.try_emplace(name, pid).second;
}

os::Handle make_handle(Object object) {
    objects.insert_or_assign(++last_raw, std::move(object));
    return os::Handle(last_raw);
}

const Object& object_of(const os::Handle& handle) { return objects.at(handle.raw()); }

}  // namespace fake

namespace os {

void Handle::close() noexcept {
    if (!objects.contains(raw_)) return (void)(raw_ = none);
    fake::call();
    const auto raw = std::exchange(raw_, none);
    const auto object = objects.find(raw);
    std::erase_if(watched, [&](const auto& one) { return one.second.raw == raw; });
    if (object->second.kind == fake::Kind::lock) {
        const auto lock = the_world.locks.find(object->second.name);
        if (lock != the_world.locks.end() && lock->second == the_world.self) {
            the_world.locks.erase(lock);
        }
    }
    objects.erase(object);
}

Events::Events(Catch which) : which_(which) {}
Events::~Events() {
    std::erase_if(watched, [](const auto& one) { return one.first.first == the_world.self; });
}
void Events::catch_signals(Catch) {}
void Events::watch(const Handle& handle, int token, When when) {
    watched.insert_or_assign({the_world.self, token}, Watched{handle.raw(), when});
}
void Events::forget(const Handle& handle) noexcept {
    std::erase_if(watched, [&](const auto& one) { return one.second.raw == handle.raw(); });
}

Event Events::next(std::optional<TimePoint> deadline) {
    if (the_world.on_wait) return wait_among_others(deadline);
    for (int steps = 0; steps < 10'000; ++steps) {
        if (auto event = take_event()) return *event;
        if (deadline && *deadline <= the_world.now) return TimeUp{};
        if (!the_world.steps.empty()) {
            const auto step = std::move(the_world.steps.front());
            the_world.steps.pop_front();
            step();
            if (auto event = take_event()) return *event;
        } else if (!deadline) {
            break;
        }
        if (!deadline) continue;
        the_world.now = *deadline;
        return TimeUp{};
    }
    throw std::logic_error("the script is over, and somebody still waits");
}

}  // namespace os
}  // namespace once
