#include "os/executable.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "os/linux/check.hpp"

namespace once::os {
namespace {

// errno of an attempt to execute this file, as far as a look can tell; 0 if it should work.
int look(const std::string& path, const std::string& folder) {
    const auto full = path.starts_with('/') ? path : folder + '/' + path;
    struct stat facts {};
    if (::stat(full.c_str(), &facts) < 0) return errno;
    if (!S_ISREG(facts.st_mode)) return EACCES;
    return ::faccessat(AT_FDCWD, full.c_str(), X_OK, AT_EACCESS) < 0 ? errno : 0;
}

}  // namespace

void fail_to_run(const std::string& file, const std::string& folder, int error) {
    const bool is_missing = error == ENOENT || error == ENOTDIR;
    const int status = is_missing ? exit_status::not_found : exit_status::not_executable;
    auto why = reason(error);
    if (is_missing && file.find('/') == std::string::npos) {
        why = "there is no such command in PATH";
    } else if (error == ENOENT && look(file, folder) == 0) {
        why = "its interpreter (see its first line), or its loader, does not exist";
    }
    throw Failure(status, fmt::format("cannot run '{}': {}", printable(file), why));
}

bool is_executable(const std::string& path) { return look(path, "/") == 0; }

std::string find_executable(const std::string& file, const std::string& folder) {
    if (file.find('/') != std::string::npos) {
        if (const int error = look(file, folder); error != 0) fail_to_run(file, folder, error);
        return file;
    }
    const char* path = std::getenv("PATH");
    const std::string_view all = path != nullptr ? path : "/bin:/usr/bin";
    int worst = ENOENT;
    for (std::size_t start = 0; start <= all.size() && !file.empty();) {
        const auto end = std::min(all.find(':', start), all.size());
        const std::string entry(all.substr(start, end - start));
        auto candidate = (entry.empty() ? "." : entry) + '/' + file;
        const int error = look(candidate, folder);
        if (error == 0) return candidate;
        if (error == EACCES) worst = EACCES;  // passed over, and remembered
        start = end + 1;
    }
    fail_to_run(file, folder, worst);
}

void execute(const std::vector<std::string>& argv) {
    std::vector<char*> words;
    words.reserve(argv.size() + 1);
    for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    (void)::execvp(words[0], words.data());
    fail_to_run(argv.front(), ".", errno);
}

std::vector<std::string> environment() {
    std::vector<std::string> all;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        all.emplace_back(*entry);
    }
    return all;
}

const char* variable(const char* name) { return std::getenv(name); }

}  // namespace once::os
