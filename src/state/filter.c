/* SPDX-License-Identifier: MIT */
/*
 * Whether a seccomp filter is in force. It may answer a system call with the death of the process, and cannot be asked what it would
 * do: so under a filter the library makes none but those of glibc's mutexes, and what it takes to find that out.
 */
#include "filter.h"

#include "records.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* What was seen last. Relaxed: who does not see it looks again, and filters are never taken away. */
static enum { UNKNOWN, NONE, MAYBE } seen;

/*
 * The file is read with the calls that every filter allows, as prctl(PR_GET_SECCOMP) is not. It may be long (the line comes after
 * that of the groups), and where it cannot be read, there may be a filter.
 */
static bool look(void)
{
    static const char key[] = "\nSeccomp:\t";
    static char text[65536]; /* one thread at a time has the guard, and its stack may be of the smallest size */
    int fd = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t got = 1;
    const char *line;

    if (fd < 0)
        return true;
    while (got > 0 && length < sizeof(text) - 1) {
        got = read(fd, text + length, sizeof(text) - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    text[length] = 0;
    line = strstr(text, key);
    return !line || line[sizeof(key) - 1] != '0';
}

bool oncpu_filter_is_on(void)
{
    bool on = look();

    __atomic_store_n(&seen, on ? MAYBE : NONE, __ATOMIC_RELAXED);
    return on;
}

static void find_out(void)
{
    int saved_errno = errno;
    int cancel;

    if (oncpu_records_init() && oncpu_records_guard_take()) {
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel); /* open, read and close would be places to end */
        oncpu_filter_is_on();
        pthread_setcancelstate(cancel, NULL);
        oncpu_records_guard_drop();
    }
    errno = saved_errno;
}

bool oncpu_state_may_ask(void)
{
    if (oncpu_state_in_sandbox())
        return false;
    if (__atomic_load_n(&oncpu_state_source, __ATOMIC_RELAXED) != ONCPU_SOURCE_NONE)
        return true; /* bpf() was allowed */
    if (__atomic_load_n(&seen, __ATOMIC_RELAXED) == UNKNOWN)
        find_out();
    return __atomic_load_n(&seen, __ATOMIC_RELAXED) == NONE;
}
