#include "registers.hpp"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

namespace once::test {

namespace {

template <class Registers>
bool get(pid_t pid, unsigned long set, Registers& registers) {
    iovec place{&registers, sizeof registers};
    return ptrace(PTRACE_GETREGSET, pid, set, &place) == 0;
}

template <class Registers>
bool put(pid_t pid, unsigned long set, Registers& registers) {
    iovec place{&registers, sizeof registers};
    return ptrace(PTRACE_SETREGSET, pid, set, &place) == 0;
}

}  // namespace

#ifdef __x86_64__

bool skip_call(pid_t pid) {
    user_regs_struct registers{};
    if (!get(pid, NT_PRSTATUS, registers)) return false;
    registers.orig_rax = ~0ULL;
    return put(pid, NT_PRSTATUS, registers);
}

unsigned long long refuse_to_move_break(pid_t pid) {
    user_regs_struct registers{};
    if (!get(pid, NT_PRSTATUS, registers)) return 0;
    const unsigned long long wish = registers.rdi;
    registers.rdi = 0;
    (void)put(pid, NT_PRSTATUS, registers);
    return wish;
}

void forget_refusal(pid_t pid, unsigned long long wish) {
    user_regs_struct registers{};
    if (!get(pid, NT_PRSTATUS, registers)) return;
    registers.rdi = wish;
    (void)put(pid, NT_PRSTATUS, registers);
}

bool answer_call(pid_t pid, long result) {
    user_regs_struct registers{};
    if (!get(pid, NT_PRSTATUS, registers)) return false;
    registers.rax = static_cast<unsigned long long>(result);
    return put(pid, NT_PRSTATUS, registers);
}

#else  // arm64: the number is a register set of its own

bool skip_call(pid_t pid) {
    int number = -1;
    return put(pid, NT_ARM_SYSTEM_CALL, number);
}

unsigned long long refuse_to_move_break(pid_t pid) {
    (void)answer_call(pid, 0);
    return 0;
}

void forget_refusal(pid_t, unsigned long long) {}  // the wish was in the register of the result

bool answer_call(pid_t pid, long result) {
    user_regs_struct registers{};
    if (!get(pid, NT_PRSTATUS, registers)) return false;
    registers.regs[0] = static_cast<unsigned long long>(result);
    return put(pid, NT_PRSTATUS, registers);
}

#endif

}  // namespace once::test
