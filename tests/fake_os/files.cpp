// The state folder in memory.

#include "base/failure.hpp"
#include "os/executable.hpp"
#include "os/file_watch.hpp"
#include "os/state_folder.hpp"
#include "world.hpp"

namespace once::os {

using fake::Kind;
using fake::world;

namespace {

// A file is known by the place of its name.
FileId id_of(const std::string& name) { return {1, std::hash<std::string>()(name)}; }

}  // namespace

bool Lock::write_line(const std::string& line) const noexcept {
    fake::call();
    world().files[fake::object_of(file_).name] = line;
    return true;
}

std::string Lock::read_line() const { return world().files[fake::object_of(file_).name]; }

StateFolder StateFolder::make(const std::string& path, const std::string& inner) {
    return {path + '/' + inner, fake::make_handle({Kind::folder, inner, {}})};
}
std::optional<StateFolder> StateFolder::open(const std::string& path, const std::string& inner) {
    return make(path, inner);
}

std::optional<Lock> StateFolder::try_lock(const std::string& name) const {
    fake::call();
    if (!world().lock(name, world().self)) return std::nullopt;
    return Lock(fake::make_handle({Kind::lock, name, {}}));
}

std::optional<FileId> StateFolder::identify(const std::string& name) const {
    fake::call();
    if (!world().files.contains(name)) return std::nullopt;
    return id_of(name);
}

std::optional<std::string> StateFolder::read(const std::string& name) const {
    fake::call();
    const auto file = world().files.find(name);
    if (file == world().files.end()) return std::nullopt;
    return file->second;
}

bool StateFolder::try_write(const std::string& name, const std::string& text) const noexcept {
    fake::call();
    world().files[name] = text;
    return true;
}
void StateFolder::write(const std::string& name, const std::string& text) const {
    (void)try_write(name, text);
}
void StateFolder::remove(const std::string& name) const noexcept {
    fake::call();
    world().files.erase(name);
}
void StateFolder::remove_unfinished(const std::string&) const noexcept {}

std::vector<std::string> StateFolder::names() const {
    fake::call();
    std::vector<std::string> all;
    for (const auto& [name, text] : world().files) all.push_back(name);
    return all;
}

std::string state_path() { return "/state"; }

std::string canonical_folder(const std::string&) { return world().actors[world().self].folder; }

FileWatch::FileWatch(const std::string&) {}
void FileWatch::drain() const noexcept {}

void remove_files_that_tell(const std::vector<std::string>&, const std::string&) {}

bool holds_one_of(int pid, const std::vector<FileId>& files) {
    fake::call();
    const auto actor = world().actors.find(pid);
    for (const auto& [name, holder] : world().locks) {
        // A keeper has the open files of its once.
        const bool has_it = holder == pid || (actor != world().actors.end() &&
                                              actor->second.facts.name == "job-keeper" &&
                                              actor->second.facts.parent == holder);
        for (const auto& file : files) {
            if (has_it && file == id_of(name)) return true;
        }
    }
    return false;
}

}  // namespace once::os
