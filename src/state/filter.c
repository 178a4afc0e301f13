/* SPDX-License-Identifier: MIT */
/*
 * Whether a seccomp filter is in force. It may answer a system call with the death of the process, and cannot be asked what it would
 * do.
 */
#include "filter.h"

#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What was seen last. Relaxed: who does not see it looks again. */
static enum { UNKNOWN, NONE, MAYBE } seen;

/*
 * The file is read with calls that every filter allows, as prctl(PR_GET_SECCOMP) is not; and not by functions of libc's, which end a
 * cancelled thread, or are another preloaded library's, which may have locks of its own. The line comes after that of the groups, of
 * which there can be thousands.
 */
static bool line_says_none(int fd)
{
    static const char key[] = "\nSeccomp:\t"; /* begins with what is nowhere else in it */
    char text[256];
    size_t matched = 0;
    long got;

    while ((got = syscall(SYS_read, fd, text, sizeof(text))) > 0) {
        for (long i = 0; i < got; i++) {
            if (matched == sizeof(key) - 1)
                return text[i] == '0';
            matched = text[i] == key[matched] ? matched + 1 : text[i] == '\n';
        }
    }
    return false;
}

/* Where it cannot be read, there may be a filter; but no descriptor may be free just now. */
static int look(void)
{
    long fd = syscall(SYS_openat, AT_FDCWD, "/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
    bool none;

    if (fd < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? UNKNOWN : MAYBE;
    none = line_says_none((int)fd);
    syscall(SYS_close, fd);
    return none ? NONE : MAYBE;
}

bool oncpu_filter_is_on(void)
{
    int saved_errno = errno;
    int found = look();

    __atomic_store_n(&seen, found, __ATOMIC_RELAXED);
    errno = saved_errno;
    return found != NONE;
}

bool oncpu_state_may_ask(void)
{
    int known = __atomic_load_n(&seen, __ATOMIC_RELAXED);

    if (oncpu_state_in_sandbox())
        return false;
    if (__atomic_load_n(&oncpu_state_source, __ATOMIC_RELAXED) != ONCPU_SOURCE_NONE)
        return true; /* bpf() was allowed */
    return known == UNKNOWN ? !oncpu_filter_is_on() : known == NONE;
}
