#include "errnos.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace once::test {

namespace {

// man 2 of each, as of man-pages 6.9. In the order of the trace of a launch.
constexpr int no_errors[] = {0};
constexpr int memory[] = {ENOMEM};
constexpr int map[] = {ENOMEM, EAGAIN, EACCES, EPERM};
constexpr int protect[] = {ENOMEM, EACCES};
constexpr int execute[] = {ENOENT,       EACCES,  EPERM,  ENOEXEC, ENOMEM, ETXTBSY,
                           E2BIG,        EIO,     ELOOP,  EISDIR,  EMFILE, ENFILE,
                           ENAMETOOLONG, ENOTDIR, EINVAL, EAGAIN,  ELIBBAD};
constexpr int open[] = {EACCES, EMFILE,  ENFILE,  ENOENT,     ENOMEM,       EINTR,
                        EIO,    ENOSPC,  EDQUOT,  EROFS,      ELOOP,        ENXIO,
                        ENODEV, EISDIR,  ENOTDIR, EEXIST,     ENAMETOOLONG, EOVERFLOW,
                        EPERM,  ETXTBSY, EBUSY,   EWOULDBLOCK};
constexpr int stat[] = {EACCES, ENOENT, ENOMEM, ELOOP, ENOTDIR, EOVERFLOW, ENAMETOOLONG, EIO};
constexpr int reading[] = {EINTR, EIO, EAGAIN, EISDIR, EINVAL};
constexpr int writing[] = {EINTR, EIO, ENOSPC, EDQUOT, EFBIG, EPIPE, EAGAIN, EPERM};
constexpr int closing[] = {EINTR, EIO, ENOSPC, EDQUOT};
constexpr int naming[] = {EACCES, ENOENT, EPERM,   EROFS,  ENOSPC, EDQUOT,       EBUSY,  EIO,
                          ELOOP,  ENOMEM, ENOTDIR, EISDIR, EEXIST, ENAMETOOLONG, EMLINK, EXDEV};
// Not ENOENT: that means a folder which was removed, and so has nothing in it.
constexpr int listing[] = {EINVAL, EIO, ENOTDIR};
constexpr int seeking[] = {EINVAL, EOVERFLOW, ESPIPE};
constexpr int link_text[] = {EACCES, EINVAL, EIO, ELOOP, ENOENT, ENOMEM, ENOTDIR, ENAMETOOLONG};
constexpr int folder[] = {EACCES, ENOENT, ENOMEM, ELOOP, ENOTDIR, EIO, ENAMETOOLONG};
constexpr int here[] = {EACCES, ENOENT, ENOMEM, ERANGE};
constexpr int mode[] = {EACCES, EPERM, EIO, ENOENT, EROFS, ENOMEM, ELOOP, ENOTDIR, EOPNOTSUPP};
constexpr int lock[] = {EINTR, ENOLCK, EWOULDBLOCK, EINVAL};
constexpr int control[] = {EACCES, EAGAIN, EINTR, EINVAL, EMFILE, ENOLCK, EPERM, EBADF};
constexpr int device[] = {ENOTTY, EINVAL, EIO, EINTR};
constexpr int duplicate[] = {EBUSY, EINTR, EMFILE, EINVAL};
constexpr int descriptors[] = {EMFILE, ENFILE, ENOMEM};
constexpr int range[] = {EMFILE, ENOMEM, EINVAL};
constexpr int socket[] = {EACCES,  EAFNOSUPPORT, EMFILE,          ENFILE,
                          ENOBUFS, ENOMEM,       EPROTONOSUPPORT, EINVAL};
constexpr int option[] = {EINVAL, ENOPROTOOPT, ENOMEM, EPERM, EDOM};
constexpr int bind[] = {EACCES, EADDRINUSE, EINVAL, EADDRNOTAVAIL, ENOMEM};
constexpr int connect[] = {EACCES,      EPERM, EADDRINUSE,  EADDRNOTAVAIL, EAGAIN, ECONNREFUSED,
                           EINPROGRESS, EINTR, ENETUNREACH, ETIMEDOUT,     ENOENT};
constexpr int name[] = {ENOBUFS, EINVAL, ENOTCONN};
constexpr int sending[] = {EINTR,        EAGAIN,   ENOBUFS, ENOMEM,     EPIPE,       ECONNRESET,
                           ECONNREFUSED, EMSGSIZE, EACCES,  EOPNOTSUPP, ETOOMANYREFS};
constexpr int receiving[] = {EINTR, EAGAIN, ENOMEM, ECONNREFUSED, ENOTCONN, ENOBUFS};
constexpr int waiting[] = {EINTR, ENOMEM, EINVAL};
constexpr int queue[] = {EMFILE, ENFILE, ENOMEM, EINVAL};
constexpr int queueing[] = {ENOMEM, ENOSPC, EEXIST, ENOENT, EPERM, ELOOP};
constexpr int signals[] = {EMFILE, ENFILE, ENODEV, ENOMEM, EINVAL};
constexpr int clock[] = {EMFILE, ENFILE, ENODEV, ENOMEM, EPERM, EINVAL};
constexpr int handle[] = {EINVAL, EMFILE, ENFILE, ENODEV, ENOMEM, ESRCH};
constexpr int signalling[] = {EPERM, ESRCH, EINVAL};
constexpr int forking[] = {EAGAIN, ENOMEM, EPERM, ENOSPC, EUSERS};
// Not ECHILD: that there is no child left is the proof that nothing is, and no kernel says so
// falsely.
constexpr int child[] = {EINTR};
constexpr int group[] = {EACCES, EINVAL, EPERM, ESRCH};
constexpr int session[] = {EPERM};
constexpr int process[] = {EINVAL, EPERM, EACCES, EBUSY};
constexpr int limit[] = {EINVAL, EPERM, ESRCH};
constexpr int random[] = {EAGAIN, EINTR, ENOSYS};
constexpr int invalid[] = {EINVAL};
constexpr int sleeping[] = {EINTR, EINVAL};
constexpr int watching[] = {EACCES, ENOENT, ENOMEM, ENOSPC, ENOTDIR, ENAMETOOLONG};
constexpr int size[] = {EINTR, EFBIG, EIO, EPERM, EINVAL};
constexpr int syncing[] = {EIO, EINTR, ENOSPC, EDQUOT, EINVAL};

constexpr CallFaults all[] = {
    {SYS_brk, "brk", memory},
    {SYS_mmap, "mmap", map},
    {SYS_mremap, "mremap", map},
    {SYS_munmap, "munmap", memory},
    {SYS_madvise, "madvise", memory},
    {SYS_mprotect, "mprotect", protect},
    {SYS_execve, "execve", execute},
    {SYS_openat, "openat", open},
    {SYS_newfstatat, "newfstatat", stat},
    {SYS_fstat, "fstat", stat},
    {SYS_statx, "statx", stat},
    {SYS_statfs, "statfs", stat},
    {SYS_faccessat, "faccessat", stat},
    {SYS_faccessat2, "faccessat2", stat},
    {SYS_read, "read", reading},
    {SYS_pread64, "pread64", reading},
    {SYS_readv, "readv", reading},
    {SYS_write, "write", writing},
    {SYS_pwrite64, "pwrite64", writing},
    {SYS_writev, "writev", writing},
    {SYS_close, "close", closing},
    {SYS_unlinkat, "unlinkat", naming},
    {SYS_mkdirat, "mkdirat", naming},
    {SYS_renameat, "renameat", naming},
    {SYS_renameat2, "renameat2", naming},
    {SYS_getdents64, "getdents64", listing},
    {SYS_lseek, "lseek", seeking},
    {SYS_readlinkat, "readlinkat", link_text},
    {SYS_chdir, "chdir", folder},
    {SYS_getcwd, "getcwd", here},
    {SYS_fchmodat, "fchmodat", mode},
    {SYS_fchmod, "fchmod", mode},
    {SYS_flock, "flock", lock},
    {SYS_fcntl, "fcntl", control},
    {SYS_ioctl, "ioctl", device},
    {SYS_dup3, "dup3", duplicate},
    {SYS_dup, "dup", duplicate},
    {SYS_pipe2, "pipe2", descriptors},
    {SYS_close_range, "close_range", range},
    {SYS_socket, "socket", socket},
    {SYS_socketpair, "socketpair", socket},
    {SYS_setsockopt, "setsockopt", option},
    {SYS_getsockopt, "getsockopt", option},
    {SYS_bind, "bind", bind},
    {SYS_listen, "listen", bind},
    {SYS_connect, "connect", connect},
    {SYS_getsockname, "getsockname", name},
    {SYS_sendto, "sendto", sending},
    {SYS_sendmsg, "sendmsg", sending},
    {SYS_recvfrom, "recvfrom", receiving},
    {SYS_recvmsg, "recvmsg", receiving},
    {SYS_ppoll, "ppoll", waiting},
    {SYS_epoll_pwait, "epoll_pwait", waiting},
    {SYS_epoll_create1, "epoll_create1", queue},
    {SYS_epoll_ctl, "epoll_ctl", queueing},
    {SYS_signalfd4, "signalfd4", signals},
    {SYS_timerfd_create, "timerfd_create", clock},
    {SYS_timerfd_settime, "timerfd_settime", invalid},
    {SYS_pidfd_open, "pidfd_open", handle},
    {SYS_pidfd_send_signal, "pidfd_send_signal", signalling},
    {SYS_kill, "kill", signalling},
    {SYS_tgkill, "tgkill", signalling},
    {SYS_clone, "clone", forking},
    {SYS_clone3, "clone3", forking},
    {SYS_wait4, "wait4", child},
    {SYS_waitid, "waitid", child},
    {SYS_setpgid, "setpgid", group},
    {SYS_setsid, "setsid", session},
    {SYS_prctl, "prctl", process},
    {SYS_prlimit64, "prlimit64", limit},
    {SYS_getrandom, "getrandom", random},
    {SYS_rt_sigprocmask, "rt_sigprocmask", invalid},
    {SYS_rt_sigaction, "rt_sigaction", invalid},
    {SYS_clock_nanosleep, "clock_nanosleep", sleeping},
    {SYS_inotify_init1, "inotify_init1", descriptors},
    {SYS_inotify_add_watch, "inotify_add_watch", watching},
    {SYS_ftruncate, "ftruncate", size},
    {SYS_fsync, "fsync", syncing},
    {SYS_sysinfo, "sysinfo", invalid},
    {SYS_set_robust_list, "set_robust_list", invalid},
    {SYS_rseq, "rseq", invalid},
    {SYS_sched_getaffinity, "sched_getaffinity", invalid},
    // Without errors of their own, or without a way back.
    {SYS_exit_group, "exit_group", no_errors},
    {SYS_exit, "exit", no_errors},
    {SYS_getpid, "getpid", no_errors},
    {SYS_getppid, "getppid", no_errors},
    {SYS_gettid, "gettid", no_errors},
    {SYS_getuid, "getuid", no_errors},
    {SYS_geteuid, "geteuid", no_errors},
    {SYS_getgid, "getgid", no_errors},
    {SYS_getegid, "getegid", no_errors},
    {SYS_getpgid, "getpgid", no_errors},
    {SYS_getsid, "getsid", no_errors},
    {SYS_set_tid_address, "set_tid_address", no_errors},
    {SYS_sched_yield, "sched_yield", no_errors},
    {SYS_uname, "uname", no_errors},
    {SYS_umask, "umask", no_errors},
    {SYS_rt_sigreturn, "rt_sigreturn", no_errors},
    {SYS_restart_syscall, "restart_syscall", no_errors},
// x86-64 has the older ones as well.
#ifdef __x86_64__
    {SYS_open, "open", open},
    {SYS_stat, "stat", stat},
    {SYS_lstat, "lstat", stat},
    {SYS_access, "access", stat},
    {SYS_unlink, "unlink", naming},
    {SYS_mkdir, "mkdir", naming},
    {SYS_rename, "rename", naming},
    {SYS_readlink, "readlink", link_text},
    {SYS_chmod, "chmod", mode},
    {SYS_dup2, "dup2", duplicate},
    {SYS_poll, "poll", waiting},
    {SYS_epoll_wait, "epoll_wait", waiting},
    {SYS_fork, "fork", forking},
    {SYS_vfork, "vfork", forking},
    {SYS_getpgrp, "getpgrp", no_errors},
    {SYS_arch_prctl, "arch_prctl", invalid},
#endif
};

const CallFaults* find(long number) {
    const auto* const found =
        std::find_if(std::begin(all), std::end(all),
                     [&](const CallFaults& one) { return one.number == number; });
    return found == std::end(all) ? nullptr : found;
}

}  // namespace

const CallFaults* faults_of(long number) {
    const CallFaults* const found = find(number);
    return found != nullptr && found->errnos.front() != 0 ? found : nullptr;
}

bool is_listed(long number) { return find(number) != nullptr; }

const char* call_name(long number) {
    const CallFaults* const found = find(number);
    return found != nullptr ? found->name : "a call that errnos.cpp does not list";
}

bool is_done_although_failed(long number) { return number == SYS_close; }

}  // namespace once::test
