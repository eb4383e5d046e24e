#include "os/pid_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>

#include "os/linux/check.hpp"
#include "os/linux/read_file.hpp"
#include "os/planted.hpp"
#include "os/process.hpp"
#include "os/state_folder.hpp"

namespace once::os {

PidFile::PidFile(const std::string& path) : path_(absolute_path(path)) {
    struct stat facts {};
    if (::lstat(path_.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode)) {
        fail("cannot write the pid file '{}': it exists and is no plain file", path);
    }
    refuse_planted(path_, "the pid file");
    refuse_other_text(path);
    make_fresh(path);
}

// It will be replaced, and removed at the end: nobody shall lose a text by a slip.
void PidFile::refuse_other_text(const std::string& name) const {
    const auto text = read_file(path_.c_str(), 4096).value_or("");
    if (text.find_first_not_of("0123456789 \t\r\n") == std::string::npos) return;
    fail("cannot write the pid file '{}': it holds something else than a process id", name);
}

void PidFile::make_fresh(const std::string& name) {
    // rename(2) puts it in place later, so that a reader never sees half a number. One of this name
    // was left by a crash, with the pid that we have now.
    auto fresh = fmt::format("{}.once-{}", path_, ::getpid());
    (void)::unlink(fresh.c_str());
    file_ = Handle(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file_) fail_with(errno, "write the pid file '{}'", name);
    fresh_ = std::move(fresh);
}

PidFile::~PidFile() {
    if (!fresh_.empty()) (void)::unlink(fresh_.c_str());
    if (pid_ != 0) remove_pid_file(path_, pid_);
}

void PidFile::write(int pid) {
    if (fresh_.empty()) make_fresh(path_);  // not the first run of the command
    const auto text = fmt::format("{}\n", pid);
    check(::write(descriptor(file_), text.data(), text.size()), "write the pid file '{}'", path_);
    check(::rename(fresh_.c_str(), path_.c_str()), "write the pid file '{}'", path_);
    fresh_.clear();
    file_.close();
    pid_ = pid;
}

void remove_pid_file(const std::string& path, int pid) noexcept {
    // Another launch may have written its own meanwhile: that one stays.
    if (read_file(path.c_str()) == fmt::format("{}\n", pid)) (void)::unlink(path.c_str());
}

void remove_stale_pid_file(const std::string& path) noexcept {
    const auto text = read_file(path.c_str(), 4096);
    int pid = 0;
    const char* const end = text ? text->data() + text->size() : nullptr;
    const bool is_one = text && std::from_chars(text->data(), end, pid).ptr == end - 1 && pid > 0;
    if (is_one && !read_process(pid)) (void)::unlink(path.c_str());
}

}  // namespace once::os
