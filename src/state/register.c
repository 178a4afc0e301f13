/* SPDX-License-Identifier: MIT */
/*
 * Registration: how a thread gets the record that the kernel writes.
 */
#include "source.h"
#include "state.h"

#include "records.h"

#include <errno.h>
#include <stdbool.h>

__thread struct oncpu_mine oncpu_state_mine __attribute__((tls_model("initial-exec")));

/* The state of the calling thread's registration. Small: it lives in the static TLS block, which dlopen() must find
 * room in. */
static __thread struct {
    uint32_t refused; /* the source (its epoch) that would not register this thread: not asked again */
    uint16_t skip;    /* ... or not for so many more times, as it was refused for something that passes */
    uint8_t passing;  /* how often that was in a row */
    bool busy;        /* a signal handler must not register the thread that is at it */
} registration __attribute__((tls_model("initial-exec")));

/*
 * A child of a fork that glibc knows nothing of (a system call of the program's own) goes by its parent's tid: in glibc, and so
 * in its mutexes. Registered under that, it would take the parent's registration away.
 */
static bool is_known_to_glibc(uint32_t tid)
{
    return tid == oncpu_self_tid_slow();
}

static int enter(const struct oncpu_bpf_program *program, uint32_t tid, struct oncpu_thread_record **record)
{
    uint32_t slot;
    int error;

    if (program->source == ONCPU_SOURCE_ARRAY) {
        error = oncpu_array_watch(program, tid, &slot);
        if (error)
            return error;
        *record = oncpu_record_adopt(slot, tid);
        return *record ? 0 : -ENOSPC;
    }
    *record = oncpu_record_claim(tid);
    if (!*record)
        return -ENOSPC;
    error = oncpu_uptr_watch(program, tid, *record);
    if (error)
        oncpu_record_drop(*record);
    else
        oncpu_record_publish(*record, tid);
    return error;
}

static int register_thread(void)
{
    const struct oncpu_bpf_program *program = oncpu_source_program();
    uint32_t tid = oncpu_self_tid();
    struct oncpu_thread_record *record;
    int error;

    if (!program || !is_known_to_glibc(tid))
        return -ENOTSUP;
    error = enter(program, tid, &record);
    if (!error)
        oncpu_state_mine = (struct oncpu_mine){record, program};
    if (error == -EBADF)
        oncpu_source_lost(program);
    return error;
}

/* No descriptor, no memory, no record is free now, but may be later. */
static bool passes(int error)
{
    return error == -EAGAIN || error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOSPC ||
           error == -EDQUOT;
}

/* An attempt costs a microsecond or two, so that after some in vain it is made at every 4096th contended lock only. */
static void note(int error, uint32_t epoch)
{
    if (!passes(error)) {
        registration.refused = error ? epoch : 0;
        registration.passing = 0;
        return;
    }
    registration.skip = (uint16_t)((1u << registration.passing) - 1);
    registration.passing += registration.passing < 12;
}

static int try_register(void)
{
    uint32_t epoch = oncpu_source_epoch();
    int saved_errno = errno;
    int error;

    if (registration.busy || registration.refused == epoch)
        return -EAGAIN;
    if (registration.skip) {
        registration.skip--;
        return -EAGAIN;
    }
    registration.busy = true;
    error = register_thread();
    note(error, epoch);
    registration.busy = false;
    errno = saved_errno;
    return error;
}

struct oncpu_thread_record *oncpu_state_register(void)
{
    return try_register() ? 0 : oncpu_state_mine.record;
}

uint32_t oncpu_state_slot(void)
{
    const struct oncpu_thread_record *mine = oncpu_state_registered();

    return mine ? oncpu_record_slot(mine) : 0;
}

/* Pages of our own we write ourselves; those of an array the kernel does, when we ask again. */
void oncpu_state_correct(struct oncpu_thread_record *mine)
{
    const struct oncpu_bpf_program *program = oncpu_state_mine.program;
    int saved_errno = errno;
    uint32_t slot;

    if (mine != oncpu_state_mine.record) /* a signal handler has registered the thread anew meanwhile */
        return;
    if (program->source == ONCPU_SOURCE_UPTR)
        __atomic_store_n(&mine->state, ONCPU_STATE_RUNNING, __ATOMIC_RELAXED);
    else if (program == oncpu_source_program())
        oncpu_array_watch(program, oncpu_self_tid(), &slot);
    errno = saved_errno;
}

int oncpu_thread_register(void)
{
    if (__atomic_load_n(&oncpu_state_source, __ATOMIC_RELAXED) == ONCPU_SOURCE_NONE)
        return -ENOTSUP;
    if (oncpu_state_registered())
        return 0;
    registration.refused = 0; /* asked for in so many words: try, and say why it fails */
    registration.skip = 0;
    return try_register();
}

const struct oncpu_thread_record *oncpu_thread_self(void)
{
    return oncpu_state_registered();
}

const struct oncpu_thread_record *oncpu_thread_find(pid_t tid)
{
    return tid > 0 ? oncpu_record_find((uint32_t)tid) : 0;
}
