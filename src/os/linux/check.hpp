#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/failure.hpp"
#include "os/handle.hpp"

namespace once::os {

/// The reason of an errno in words.
inline std::string reason(int error) { return std::strerror(error); }

/// Throws `cannot <what>: <why>` (125) for an errno that was kept.
template <class... Args>
[[noreturn]] void fail_with(int error, fmt::format_string<Args...> what, Args&&... args) {
    fail("cannot {}: {}", fmt::format(what, std::forward<Args>(args)...), reason(error));
}

/// Passes the result of a system call on, or throws `cannot <what>: <why>` (125) if it is negative.
template <class Result, class... Args>
Result check(Result result, fmt::format_string<Args...> what, Args&&... args) {
    if (result < 0) fail_with(errno, what, std::forward<Args>(args)...);
    return result;
}

/// Repeats a call that a signal interrupted.
template <class Call>
auto retry(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

/// Likewise; and makes it once more if the system is short of something, which passes. For looks at
/// others: one that fails must not be taken for nobody being there.
template <class Call>
auto insist(Call call) {
    const auto result = retry(call);
    const bool may_pass = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO;
    return result < 0 && may_pass ? retry(call) : result;
}

/// Repeats a call to somebody until it tells what is with the other side. What is said has to
/// arrive, and a kernel that is short of memory is so for a moment.
template <class Call>
auto persist(Call call) noexcept {
    auto result = call();
    while (result < 0 && (errno == EINTR || errno == ENOBUFS || errno == ENOMEM)) result = call();
    return result;
}

/// The descriptor in a handle.
inline int descriptor(const Handle& handle) { return static_cast<int>(handle.raw()); }

}  // namespace once::os
