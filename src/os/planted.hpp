#pragma once

#include <string>
#include <string_view>

namespace once::os {

/// In a folder that anybody can write, such as /tmp, somebody else may have put a file or a link
/// under a name that we are about to write to. Throws a Failure then, which says whose it is;
/// `what` is what we call it. The kernel has the same rule for links, where it is switched on
/// (fs.protected_symlinks, proc_sys_fs(5)).
void refuse_planted(const std::string& path, std::string_view what);

}  // namespace once::os
