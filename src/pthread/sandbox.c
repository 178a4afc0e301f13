/* SPDX-License-Identifier: MIT */
/*
 * Programs that install a seccomp filter: from then on a bpf() call of ours could be the death of a process that never
 * heard of bpf(). So prctl() and syscall() are watched for it, and no such call is made any more. The threads that are
 * registered by then stay so.
 *
 * A process without privileges has to set no_new_privs before its filter (seccomp(2)), so that is taken as the sign,
 * too: it covers those who install the filter by an instruction of their own.
 */
#include "../state/state.h"
#include "glibc.h"
#include "symbols.h"

#include <linux/prctl.h>
#include <sys/syscall.h>

static int watch_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    if (option == PR_SET_SECCOMP || option == PR_SET_NO_NEW_PRIVS)
        oncpu_state_sandboxed();
    return oncpu_glibc()->prctl(option, a, b, c, d);
}

ONCPU_EXPORT(watch_prctl, prctl, ONCPU_GLIBC_BASE)

/* What syscall() goes on to, for the assembler code below. */
oncpu_syscall_function oncpu_next_syscall(void)
{
    return oncpu_glibc()->syscall;
}

#if defined(__x86_64__)
/*
 * In assembler, for the seventh argument: it is on the stack, and a caller that passes fewer has something of its own there,
 * which a C function may read early and write back late. Everything is saved around the one call, and the rest is a jump: some
 * callers of syscall() come back from it twice.
 */
__asm__(".text\n"
        ".globl oncpu_watch_syscall\n"
        ".hidden oncpu_watch_syscall\n"
        ".type oncpu_watch_syscall, @function\n"
        "oncpu_watch_syscall:\n"
        "    endbr64\n"
        "    push %rdi\n    push %rsi\n    push %rdx\n    push %rcx\n    push %r8\n    push %r9\n"
        "    sub $8, %rsp\n"
        "    cmp $317, %rdi\n" /* SYS_seccomp */
        "    jne 1f\n"
        "    call oncpu_state_sandboxed\n"
        "1:  call oncpu_next_syscall\n"
        "    add $8, %rsp\n"
        "    pop %r9\n    pop %r8\n    pop %rcx\n    pop %rdx\n    pop %rsi\n    pop %rdi\n"
        "    jmp *%rax\n"
        ".size oncpu_watch_syscall, .-oncpu_watch_syscall\n"
        ".symver oncpu_watch_syscall, syscall@@" ONCPU_GLIBC_BASE "\n");
_Static_assert(SYS_seccomp == 317, "the number in the code above");
#else
/* All seven arguments are in registers, and passed on as they are. */
static long watch_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    if (__builtin_expect(number == SYS_seccomp, 0))
        oncpu_state_sandboxed();
    return oncpu_next_syscall()(number, a, b, c, d, e, f);
}

ONCPU_EXPORT(watch_syscall, syscall, ONCPU_GLIBC_BASE)
#endif
