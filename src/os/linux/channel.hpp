#pragma once

#include <sys/socket.h>

#include <cerrno>

#include "os/job.hpp"
#include "os/linux/check.hpp"

/// Between `once` and its keeper: one datagram a message, and its end when the other side dies.
namespace once::os {

/// From `once`: the slots are held, launch. Descriptors to share come along, some in each message.
struct Go {
    bool is_last = true;
    bool is_foreground = false;  ///< the terminal is ours, and shall be the job's
};

/// How many descriptors go with one message (SCM_MAX_FD is 253, unix(7)).
inline constexpr std::size_t most_shared = 200;

/// The first word of the keeper: the leader, or what went wrong.
struct Launched {
    ProcessId leader;
    int error = 0;           ///< errno of the step that failed
    bool in_folder = false;  ///< that step was to enter the folder
};

/// A message that cannot be sent would be waited for without an end. So the two are parted, and do
/// what each does when the other has died: that ends the job.
template <class Message>
void send(const Handle& channel, const Message& message) noexcept {
    const auto put = persist(
        [&] { return ::send(descriptor(channel), &message, sizeof message, MSG_NOSIGNAL); });
    if (put < 0) (void)::shutdown(descriptor(channel), SHUT_RDWR);
}

enum class Reception { message, nothing, closed };

template <class Message>
Reception receive(const Handle& channel, Message& message, int flags) noexcept {
    const auto get = [&] {
        return persist(
            [&] { return ::recv(descriptor(channel), &message, sizeof message, flags); });
    };
    auto got = get();
    // Told once if the other side went with messages of ours unread (unix_release_sock in the
    // kernel); what it had sent before is still there.
    if (got < 0 && errno == ECONNRESET) got = get();
    if (got == sizeof message) return Reception::message;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Reception::nothing;
    return Reception::closed;
}

/// The job's own group, or 0 if it shares that of `once`.
inline int group_of(const Command& command, int keeper, int leader) {
    if (!command.own_group) return 0;
    return command.hand_over != nullptr ? keeper : leader;
}

/// The keeper's process, from the fork to its end. `channel` is its own end.
[[noreturn]] void be_keeper(const Command& command, Handle channel, const Job::Keep& keep) noexcept;

}  // namespace once::os
