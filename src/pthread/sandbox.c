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

/*
 * Both are variadic in glibc and pass on whatever is in the argument registers; so do these, and as tail calls: some
 * callers of syscall() come back from it twice.
 */
static int watch_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    if (option == PR_SET_SECCOMP || option == PR_SET_NO_NEW_PRIVS)
        oncpu_state_sandboxed();
    return oncpu_glibc()->prctl(option, a, b, c, d);
}

static long watch_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    if (__builtin_expect(number == SYS_seccomp, 0))
        oncpu_state_sandboxed();
    return oncpu_glibc()->syscall(number, a, b, c, d, e, f);
}

ONCPU_EXPORT(watch_prctl, prctl, ONCPU_GLIBC_BASE)
ONCPU_EXPORT(watch_syscall, syscall, ONCPU_GLIBC_BASE)
