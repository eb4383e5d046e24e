#include "os/planted.hpp"

#include <sys/stat.h>

#include "os/linux/check.hpp"
#include "os/machine.hpp"

namespace once::os {

void refuse_planted(const std::string& path, std::string_view what) {
    struct stat facts {};
    struct stat folder {};
    const auto slash = path.rfind('/');
    const auto above = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    if (::lstat(path.c_str(), &facts) < 0 || ::stat(above.c_str(), &folder) < 0) return;
    const bool is_open = (folder.st_mode & S_IWOTH) != 0;
    if (!is_open || facts.st_uid == user_id() || facts.st_uid == folder.st_uid) return;
    fail("cannot write {} '{}': anybody can write to its folder, and it belongs to {}", what, path,
         user_name(facts.st_uid));
}

}  // namespace once::os
