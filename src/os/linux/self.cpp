#include "os/self.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>
#include <string_view>

#include "os/linux/check.hpp"
#include "os/linux/read_file.hpp"

namespace once::os {

namespace {

void point_to_nothing(int first, int last) noexcept {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0) return;
    for (int target = first; target <= last; ++target) (void)::dup2(nothing, target);
    if (nothing > STDERR_FILENO) (void)::close(nothing);
}

}  // namespace

void point_to_nothing(bool with_stderr) noexcept {
    point_to_nothing(STDIN_FILENO, with_stderr ? STDERR_FILENO : STDOUT_FILENO);
}

std::vector<FileId> stdio_files() {
    struct stat nothing {};
    (void)::stat("/dev/null", &nothing);
    std::vector<FileId> files;
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        struct stat facts {};
        if (::fstat(descriptor, &facts) == 0 && facts.st_rdev != nothing.st_rdev) {
            files.push_back({facts.st_dev, facts.st_ino});
        }
    }
    return files;
}

void reserve_stdio() noexcept {
    for (const int target : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(target, F_GETFD) >= 0) continue;
        // The lowest free number is this one. Close-on-exec: the command does not see it.
        (void)::open("/dev/null", O_RDWR | O_CLOEXEC);
    }
}

bool let_go_of_inherited_files() noexcept {
    bool has_kept_all = true;
    // Who waits for the end of a pipe must not wait for us. A file or a terminal has no such end.
    for (const int target : {STDIN_FILENO, STDOUT_FILENO}) {
        struct stat facts {};
        const bool is_pipe =
            ::fstat(target, &facts) == 0 && (S_ISFIFO(facts.st_mode) || S_ISSOCK(facts.st_mode));
        if (!is_pipe) continue;
        has_kept_all = false;
        point_to_nothing(target, target);
    }
    // What survived our own exec is not close-on-exec; all that we opened since is.
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
    if (!folder) return has_kept_all;
    while (const dirent* entry = ::readdir(folder.get())) {
        const std::string_view name = entry->d_name;
        int number = -1;
        (void)std::from_chars(name.data(), name.data() + name.size(), number);
        if (number <= STDERR_FILENO) continue;
        const int flags = ::fcntl(number, F_GETFD);
        if (flags < 0 || (flags & FD_CLOEXEC) != 0) continue;
        has_kept_all = false;
        (void)::close(number);
    }
    return has_kept_all;
}

bool leads_session() noexcept { return ::getsid(0) == ::getpid(); }

void shed_program_pages() noexcept {
    // The first object is the program itself (dl_iterate_phdr(3)). Of what is not writable nothing
    // was changed: MADV_DONTNEED only unmaps it, and the page cache has it still (madvise(2)).
    const auto shed = [](dl_phdr_info* program, std::size_t, void*) {
        const auto page = static_cast<ElfW(Addr)>(::sysconf(_SC_PAGESIZE));
        for (int i = 0; i < program->dlpi_phnum; ++i) {
            const auto& part = program->dlpi_phdr[i];
            if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
            const auto begin = (program->dlpi_addr + part.p_vaddr) / page * page;
            const auto end = program->dlpi_addr + part.p_vaddr + part.p_memsz;
            (void)::madvise(std::bit_cast<void*>(begin), end - begin, MADV_DONTNEED);
        }
        return 1;
    };
    (void)::dl_iterate_phdr(shed, nullptr);
}

void be_called(const char* name, const std::vector<std::string>& command) {
    (void)::prctl(PR_SET_NAME, name);
    const auto line = read_file("/proc/self/cmdline", 1U << 16U).value_or("");
    std::string words;
    for (const auto& word : command) words.append(word).push_back('\0');
    // It lies where the kernel has put it, and can be written to (proc_pid_cmdline(5)). What was
    // put before it, as by an emulator, or is longer than we have read, stays as it is.
    const std::string_view program(program_invocation_name);
    const auto own = line.size() - std::min(line.size(), words.size());
    if (own <= program.size() || line.compare(own, std::string::npos, words) != 0 ||
        line.compare(0, program.size(), program) != 0) {
        return;
    }
    auto title = std::string(name).substr(0, own - 1);
    title.append(1, '\0').append(words).resize(line.size(), '\0');
    std::copy(title.begin(), title.end(), program_invocation_name);
}

void die_of(int signal) noexcept {
    (void)::prctl(PR_SET_DUMPABLE,
                  0);  // the command has dumped its core, if any; ours is of no use
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    (void)::sigaction(signal, &action, nullptr);
    sigset_t only;
    sigemptyset(&only);
    (void)sigaddset(&only, signal);
    (void)::kill(::getpid(), signal);
    (void)::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    // Still here: as pid 1 of a container nothing of the kind kills us (pid_namespaces(7)).
    ::_exit(128 + signal);
}

}  // namespace once::os
