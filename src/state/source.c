/* SPDX-License-Identifier: MIT */
/*
 * Where the process's thread states come from: the choice, its reasons, and the loss of it.
 */
#include "source.h"

#include "bpf_object.h"
#include "find.h"
#include "records.h"
#include "settings.h"
#include "state.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int oncpu_state_source = ONCPU_SOURCE_NONE;
bool oncpu_state_machine_wide;
uint32_t oncpu_state_unseen;
int oncpu_state_cpus;

const struct oncpu_bpf_program *oncpu_state_program;

/* How often a process may load the program anew after it was lost. A program object is never written twice: others read it. */
#define LOADS 16u

static struct {
    struct oncpu_bpf_program programs[LOADS];
    uint32_t loads;  /* of `programs`, how many were used; written under the guard, as `closed` */
    uint32_t closed; /* ... and of how many the descriptors were closed */
    bool
        in_vain; /* it was looked for, and there is none; so never true in a child that was forked in the middle of it */
    bool sandboxed; /* no BPF system calls any more */
    uint32_t epoch;
    const char *reason;
} source = {.epoch = 1, .reason = "oncpu_init() has not been called"};

/* ---- what others ask ---- */

const struct oncpu_bpf_program *oncpu_source_program(void)
{
    if (__atomic_load_n(&source.sandboxed, __ATOMIC_RELAXED))
        return NULL;
    return __atomic_load_n(&oncpu_state_program, __ATOMIC_ACQUIRE); /* pairs with choose() */
}

uint32_t oncpu_source_epoch(void)
{
    return __atomic_load_n(&source.epoch, __ATOMIC_RELAXED);
}

enum oncpu_source oncpu_source(void)
{
    return (enum oncpu_source)__atomic_load_n(&oncpu_state_source, __ATOMIC_RELAXED);
}

const char *oncpu_source_name(enum oncpu_source which)
{
    if (which == ONCPU_SOURCE_ARRAY)
        return "array";
    return which == ONCPU_SOURCE_UPTR ? "uptr" : "none";
}

const char *oncpu_source_reason(void)
{
    return __atomic_load_n(&source.reason, __ATOMIC_ACQUIRE); /* pairs with use() and use_none() */
}

/* Counted at the start and not in a lock: a sandbox that comes later may not allow the question. */
__attribute__((constructor(101))) static void count_cpus(void)
{
    cpu_set_t cpus;

    /* more CPUs than a cpu_set_t has room for: certainly more than one */
    oncpu_state_cpus = sched_getaffinity(0, sizeof(cpus), &cpus) ? CPU_SETSIZE : CPU_COUNT(&cpus);
}

/* ---- changing it ---- */

static void use_none(const char *reason)
{
    __atomic_store_n(&source.reason, reason, __ATOMIC_RELEASE); /* the text is complete */
    __atomic_store_n(&oncpu_state_machine_wide, false, __ATOMIC_RELAXED);
    __atomic_store_n(&oncpu_state_source, ONCPU_SOURCE_NONE, __ATOMIC_RELAXED);
    __atomic_fetch_add(&source.epoch, 2, __ATOMIC_RELAXED); /* odd for ever, so never 0 */
}

static void use(const struct oncpu_bpf_program *program)
{
    __atomic_store_n(&source.reason, program->why, __ATOMIC_RELEASE); /* the text is complete */
    __atomic_store_n(&oncpu_state_machine_wide, program->machine_wide, __ATOMIC_RELAXED);
    __atomic_store_n(&oncpu_state_source, program->source, __ATOMIC_RELAXED);
    __atomic_fetch_add(&source.epoch, 2, __ATOMIC_RELAXED); /* odd for ever, so never 0 */
}

/* A link of our own is either open, and then the program is attached; or it is not ours any more. Of the machine's we have none. */
static bool is_attached(const struct oncpu_bpf_program *program)
{
    return program->link.fd >= 0 && !__atomic_load_n(&source.sandboxed, __ATOMIC_RELAXED) &&
           oncpu_bpf_is(&program->link);
}

/* It sleeps in the futex: the one system call that a process with locks is allowed in any sandbox. */
void oncpu_state_suspect(const struct oncpu_thread_record *mine)
{
    const struct oncpu_bpf_program *program = oncpu_state_mine.program;
    const struct timespec moment = {0, 30000};
    uint64_t before = oncpu_thread_switches(mine);
    int saved_errno = errno;
    uint32_t word = 0;

    __atomic_store_n(&oncpu_state_unseen, 0, __ATOMIC_RELAXED);
    if (mine != oncpu_state_mine.record) /* a signal handler has registered the thread anew meanwhile */
        return;
    for (int i = 0; i < 10 && oncpu_thread_switches(mine) == before; i++)
        syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &moment, NULL, 0);
    if (oncpu_thread_switches(mine) == before) {
        if (is_attached(program))
            oncpu_state_mine = (struct oncpu_mine){0}; /* it is this thread only: it registers anew */
        else
            oncpu_source_lost(program);
    }
    errno = saved_errno;
}

void oncpu_source_lost(const struct oncpu_bpf_program *lost)
{
    /* others may have noticed it before, and somebody may have found another source since: that one is not lost */
    if (!__atomic_compare_exchange_n(&oncpu_state_program, &lost, NULL, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return;
    use_none("the BPF program has been detached");
    lost = __atomic_load_n(&oncpu_state_program, __ATOMIC_ACQUIRE);
    if (lost) /* somebody found another one in between, and what was said of it has just been overwritten */
        use(lost);
}

void oncpu_state_sandboxed(void)
{
    __atomic_store_n(&source.sandboxed, true, __ATOMIC_RELAXED);
}

bool oncpu_state_in_sandbox(void)
{
    return __atomic_load_n(&source.sandboxed, __ATOMIC_RELAXED);
}

int oncpu_source_select(enum oncpu_source which)
{
    const struct oncpu_bpf_program *program = __atomic_load_n(&oncpu_state_program, __ATOMIC_ACQUIRE);

    if (which == ONCPU_SOURCE_NONE) {
        if (oncpu_source() != ONCPU_SOURCE_NONE)
            use_none("it was suspended by oncpu_source_select()");
        return 0;
    }
    if (!program || (which != ONCPU_SOURCE_AUTO && which != program->source))
        return -ENOTSUP;
    if (oncpu_source() != program->source)
        use(program);
    return 0;
}

/* ---- choosing it ---- */

/* Why the process must not look for one; NULL: nothing speaks against it. */
static const char *obstacle(void)
{
    if (__atomic_load_n(&source.sandboxed, __ATOMIC_RELAXED))
        return oncpu_find_obstacle("the process installed a seccomp filter, which might kill it for calling bpf()");
    return oncpu_find_obstacle(source.loads == LOADS ? "the BPF program was lost too often" : NULL);
}

static const char *find(struct oncpu_bpf_program *program, enum oncpu_scope scope)
{
    const char *reason = obstacle();

    if (reason)
        return reason;
    if (source.closed < source.loads) /* the one that was lost */
        oncpu_program_close(&source.programs[source.closed++]);
    return oncpu_find_program(program, scope);
}

/* The index shall find the records of its array. */
static void use_pages(const struct oncpu_bpf_program *program)
{
    static struct oncpu_array arrays[LOADS]; /* one for each: others may still read the last */
    struct oncpu_array *array = &arrays[program - source.programs];

    *array = (struct oncpu_array){program->pages, program->page_count, program->machine_wide};
    oncpu_records_use_array(array);
}

static void choose(enum oncpu_scope scope)
{
    struct oncpu_bpf_program *program = &source.programs[source.loads % LOADS];
    const char *reason = find(program, scope);

    if (reason) {
        if (scope == ONCPU_MACHINE_WIDE) /* there may be another source, for who asks for any */
            return;
        use_none(reason);
        __atomic_store_n(&source.in_vain, true, __ATOMIC_RELAXED);
        return;
    }
    __atomic_store_n(&source.in_vain, false, __ATOMIC_RELAXED); /* and it stays so when this one is lost */
    source.loads++;
    if (program->source == ONCPU_SOURCE_ARRAY)
        use_pages(program);
    __atomic_store_n(&oncpu_state_program, program, __ATOMIC_RELEASE); /* pairs with oncpu_source_program() */
    use(program);
}

static void say(void)
{
    const char *verbose = oncpu_setting("ONCPU_VERBOSE");
    const char *reason = oncpu_source_reason();
    char line[320];
    int length;

    if (!verbose || strcmp(verbose, "1") != 0)
        return;
    length = snprintf(line, sizeof(line), "oncpu: source %s%s%s\n", oncpu_source_name(oncpu_source()),
                      *reason ? ": " : "", reason);
    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
        return; /* nobody to tell */
}

static bool sees_new_pin(void)
{
    return !__atomic_load_n(&source.sandboxed, __ATOMIC_RELAXED) && oncpu_find_sees_new_pin();
}

bool oncpu_state_wants_init(void)
{
    int saved_errno = errno;
    bool wants;

    if (__atomic_load_n(&oncpu_state_program, __ATOMIC_RELAXED))
        return false;
    wants = !__atomic_load_n(&source.in_vain, __ATOMIC_RELAXED) || sees_new_pin();
    errno = saved_errno;
    return wants;
}

static int init(enum oncpu_scope scope)
{
    int saved_errno = errno;
    int cancel;

    if (!oncpu_records_init())
        return -ENOMEM;
    if (!__atomic_load_n(&oncpu_state_program, __ATOMIC_RELAXED) && oncpu_records_guard_take()) {
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE,
                               &cancel); /* open, read, write and close would be places to end */
        if (!__atomic_load_n(&oncpu_state_program, __ATOMIC_RELAXED)) {
            choose(scope);
            if (scope == ONCPU_ANY || oncpu_source() != ONCPU_SOURCE_NONE)
                say();
        }
        pthread_setcancelstate(cancel, NULL);
        oncpu_records_guard_drop();
    }
    errno = saved_errno;
    return oncpu_source() == ONCPU_SOURCE_NONE ? -ENOTSUP : 0;
}

int oncpu_init(void)
{
    return init(ONCPU_ANY);
}

bool oncpu_state_join(void)
{
    int saved_errno = errno;
    bool joined = false;

    if (__atomic_load_n(&oncpu_state_program, __ATOMIC_RELAXED))
        return false;
    if (!oncpu_find_has_failed() || sees_new_pin())
        joined = !init(ONCPU_MACHINE_WIDE);
    errno = saved_errno;
    return joined;
}
