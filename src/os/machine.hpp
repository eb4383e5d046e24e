#pragma once

#include <cstdint>
#include <string>

/// Where we run and as whom: what makes a pid or a port mean something.
namespace once::os {

/// Names this run of this kernel; containers on one kernel share it.
std::string boot_id();

/// The inode numbers of our network and pid namespaces. A port means the same within one network
/// namespace, a pid within one pid namespace.
std::uint64_t network_namespace();
std::uint64_t pid_namespace();

/// The effective user.
std::uint32_t user_id();

/// A user's login name, or the number as text.
std::string user_name(std::uint32_t user);

/// The home folder from the passwd entry (sudo keeps the caller's HOME), else $HOME if that is
/// absolute, else empty.
std::string home_folder();

/// Since the boot, in nanoseconds: tells which of two launches began last.
std::uint64_t boot_clock();

/// An id that nobody else has: 16 hexadecimal digits.
std::string random_id();

}  // namespace once::os
