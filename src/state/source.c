/* SPDX-License-Identifier: MIT */
/*
 * Where the process's thread states come from: the choice, its reasons, and the loss of it.
 */
#include "source.h"

#include "array_abi.h"
#include "bpf_object.h"
#include "kernel.h"
#include "paths.h"
#include "records.h"
#include "settings.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int oncpu_state_source = ONCPU_SOURCE_NONE;
uint32_t oncpu_state_unseen;

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
    int cpus;       /* that the process could use when it started; 0 before */
    uint32_t epoch;
    const char *reason;
    char texts[16][200]; /* behind `reason` where it needs one of its own; never written twice, as they stay readable */
} source = {.epoch = 1, .reason = "oncpu_init() has not been called"};

/* What is known of a source that may come later. All but `at` is used under the guard. */
static struct {
    uint64_t at; /* when the process looked for it, CLOCK_MONOTONIC, ns */
    bool never;  /* not for this process, whatever comes */
    dev_t device;
    ino_t inode; /* the pin that was there, and was of no use; 0: there was none */
} later;

#define LOOK_EVERY_NS 1000000000u

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
    return __atomic_load_n(&source.reason, __ATOMIC_ACQUIRE); /* pairs with use() */
}

/* Counted at the start and not in a lock: a sandbox that comes later may not allow the question. */
__attribute__((constructor(101))) static void count_cpus(void)
{
    cpu_set_t cpus;

    /* more CPUs than a cpu_set_t has room for: certainly more than one */
    source.cpus = sched_getaffinity(0, sizeof(cpus), &cpus) ? CPU_SETSIZE : CPU_COUNT(&cpus);
}

int oncpu_state_cpus(void)
{
    return source.cpus;
}

/* ---- changing it ---- */

static void use(enum oncpu_source which, const char *reason)
{
    __atomic_store_n(&source.reason, reason, __ATOMIC_RELEASE); /* the text is complete */
    __atomic_store_n(&oncpu_state_source, which, __ATOMIC_RELAXED);
    __atomic_fetch_add(&source.epoch, 2, __ATOMIC_RELAXED); /* odd for ever, so never 0 */
}

/* A link of our own is either open, and then the program is attached; or it is not ours any more. Of the machine's we have none. */
static bool is_attached(const struct oncpu_bpf_program *program)
{
    return program->source == ONCPU_SOURCE_UPTR && !__atomic_load_n(&source.sandboxed, __ATOMIC_RELAXED) &&
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
    use(ONCPU_SOURCE_NONE, "the BPF program has been detached");
    lost = __atomic_load_n(&oncpu_state_program, __ATOMIC_ACQUIRE);
    if (lost) /* somebody found another one in between, and what was said of it has just been overwritten */
        use(lost->source, "");
}

void oncpu_state_sandboxed(void)
{
    __atomic_store_n(&source.sandboxed, true, __ATOMIC_RELAXED);
}

int oncpu_source_select(enum oncpu_source which)
{
    const struct oncpu_bpf_program *program = __atomic_load_n(&oncpu_state_program, __ATOMIC_ACQUIRE);

    if (which == ONCPU_SOURCE_NONE) {
        if (oncpu_source() != ONCPU_SOURCE_NONE)
            use(ONCPU_SOURCE_NONE, "it was suspended by oncpu_source_select()");
        return 0;
    }
    if (!program || (which != ONCPU_SOURCE_AUTO && which != program->source))
        return -ENOTSUP;
    if (oncpu_source() != program->source)
        use(program->source, "");
    return 0;
}

/* ---- choosing it ---- */

/*
 * A seccomp filter may answer bpf() with the death of the process, and cannot be asked what it would do. The file is read with
 * the calls that every filter allows, as prctl(PR_GET_SECCOMP) is not. It may be long (the line comes after that of the groups),
 * and where it cannot be read, there may be a filter.
 */
static bool seccomp_is_on(void)
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

static bool is(const char *text, const char *other)
{
    return text && !strcmp(text, other);
}

/* Why not to make any BPF call; NULL: nothing speaks against it. `wanted`: ONCPU_SOURCE, NULL where it is not set. */
static const char *obstacle(const char *wanted)
{
    if (is(wanted, "none"))
        return "ONCPU_SOURCE=none asks for it";
    if (wanted && !is(wanted, "uptr") && !is(wanted, "array"))
        return "ONCPU_SOURCE names no source (none, uptr, array)";
    if (__atomic_load_n(&source.sandboxed, __ATOMIC_RELAXED))
        return "the process installed a seccomp filter, which might kill it for calling bpf()";
    if (!wanted && seccomp_is_on())
        return "a seccomp filter is in force, which might kill the process for calling bpf() (ONCPU_SOURCE=uptr or "
               "array tries)";
    return source.loads == LOADS ? "the BPF program was lost too often" : NULL;
}

static const char *uptr_obstacle(void)
{
    if (oncpu_kernel_is_before(6, 13))
        return "source uptr needs Linux 6.13 (pages pinned in task-local storage)";
    if (access("/sys/kernel/btf/vmlinux", F_OK))
        return "source uptr needs a kernel with BTF, and /sys/kernel/btf/vmlinux is not there";
    return NULL;
}

/* A text that stays as it is. There are not many: the kernel's few errors, and the pairs of them. */
static const char *keep(const char *text)
{
    for (size_t i = 0; i < sizeof(source.texts) / sizeof(source.texts[0]); i++) {
        if (!*source.texts[i])
            snprintf(source.texts[i], sizeof(source.texts[i]), "%s", text);
        if (!strncmp(source.texts[i], text, sizeof(source.texts[i]) - 1))
            return source.texts[i];
    }
    return "no source can be used, for one reason after the other";
}

static const char *cannot(const char *what, int error)
{
    char text[sizeof(source.texts[0])];

    snprintf(text, sizeof(text), "%s: %s", what, strerrordesc_np(-error));
    return keep(text);
}

static const char *folder(void)
{
    const char *named = oncpu_setting(ONCPU_RUN_DIR_ENV);

    return named && *named ? named : ONCPU_RUN_DIR;
}

static const char *join_array(struct oncpu_bpf_program *program)
{
    int error = oncpu_array_join(program, folder());

    if (!error)
        return NULL;
    if (error == -ENOENT)
        return "source array is not there: nobody has called `oncpu enable` on this machine";
    if (error == -EPROTO)
        return "source array was enabled by another version of oncpu";
    if (error == -EACCES || error == -EPERM)
        return "source array is not for this user, or bpf() is not permitted";
    later.inode = 0; /* it may be the fault of the moment: no memory, no descriptor, an upgrade */
    return cannot("source array cannot be joined", error);
}

static const char *load_uptr(struct oncpu_bpf_program *program)
{
    const char *reason = uptr_obstacle();
    int error = reason ? 0 : oncpu_uptr_load(program);

    if (reason || !error)
        return reason;
    if (error == -EPERM || error == -EACCES)
        return "source uptr needs root, or CAP_BPF and CAP_PERFMON";
    return cannot("source uptr cannot be loaded", error);
}

/* Which sources may be chosen. */
enum scope { ANY, MACHINE_WIDE };

/* What stands for the whole machine comes first: each program of a process's own costs every context switch of it. */
static const char *get_program(struct oncpu_bpf_program *program, const char *wanted, enum scope scope)
{
    const char *no_array = is(wanted, "uptr") ? "" : join_array(program);
    char both[sizeof(source.texts[0])];
    const char *no_uptr;

    if (!no_array)
        return NULL;
    if (is(wanted, "array") || scope == MACHINE_WIDE)
        return no_array;
    no_uptr = load_uptr(program);
    if (!no_uptr || !*no_array)
        return no_uptr;
    snprintf(both, sizeof(both), "%.95s; %.95s", no_uptr, no_array);
    return keep(both);
}

/* The pin that is opened last, and was made last. False: there is none, for this process. */
static bool see_pin(struct stat *pin)
{
    static char path[PATH_MAX]; /* as in seccomp_is_on() */
    int length = snprintf(path, sizeof(path), "%s/" ONCPU_PIN_REGISTER, folder());

    return length > 0 && (size_t)length < sizeof(path) && !stat(path, pin);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static const char *find_program(struct oncpu_bpf_program *program, enum scope scope)
{
    const char *wanted = oncpu_setting("ONCPU_SOURCE");
    const char *reason;
    struct stat pin;

    wanted = wanted && *wanted ? wanted : NULL;
    reason = obstacle(wanted);
    later.never = reason || is(wanted, "uptr");
    if (reason)
        return reason;
    if (source.closed < source.loads) /* the one that was lost */
        oncpu_program_close(&source.programs[source.closed++]);
    later.inode = 0;
    if (!later.never && see_pin(&pin)) {
        later.device = pin.st_dev;
        later.inode = pin.st_ino;
    }
    return get_program(program, wanted, scope);
}

static void choose(enum scope scope)
{
    struct oncpu_bpf_program *program = &source.programs[source.loads % LOADS];
    const char *reason = find_program(program, scope);

    if (reason) {
        __atomic_store_n(&later.at, now_ns(), __ATOMIC_RELAXED);
        if (scope == MACHINE_WIDE) /* there may be another source, for who asks for any */
            return;
        use(ONCPU_SOURCE_NONE, reason);
        __atomic_store_n(&source.in_vain, true, __ATOMIC_RELAXED);
        return;
    }
    __atomic_store_n(&source.in_vain, false, __ATOMIC_RELAXED); /* and it stays so when this one is lost */
    source.loads++;
    if (program->source == ONCPU_SOURCE_ARRAY) {
        static struct oncpu_array arrays[LOADS]; /* one for each: others may still read the last */
        struct oncpu_array *array = &arrays[source.loads - 1];
        *array = (struct oncpu_array){program->pages, program->page_count};
        oncpu_records_use_array(array);
    }
    __atomic_store_n(&oncpu_state_program, program, __ATOMIC_RELEASE); /* pairs with oncpu_source_program() */
    use(program->source, "");
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

/* Whether something else is pinned now than when the process looked last; nothing, a moment ago, is an answer too. */
static bool pin_is_new(void)
{
    uint64_t last = __atomic_load_n(&later.at, __ATOMIC_RELAXED);
    uint64_t now = now_ns();
    bool is_new = false;
    struct stat pin;

    if (now - last < LOOK_EVERY_NS || __atomic_load_n(&source.sandboxed, __ATOMIC_RELAXED))
        return false;
    if (!oncpu_records_guard_take())
        return false;
    __atomic_store_n(&later.at, now, __ATOMIC_RELAXED);
    if (!later.never && see_pin(&pin))
        is_new = pin.st_ino != later.inode || pin.st_dev != later.device;
    oncpu_records_guard_drop();
    return is_new;
}

bool oncpu_state_wants_init(void)
{
    int saved_errno = errno;
    bool wants;

    if (__atomic_load_n(&oncpu_state_program, __ATOMIC_RELAXED))
        return false;
    wants = !__atomic_load_n(&source.in_vain, __ATOMIC_RELAXED) || pin_is_new();
    errno = saved_errno;
    return wants;
}

static int init(enum scope scope)
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
            if (scope == ANY || oncpu_source() != ONCPU_SOURCE_NONE)
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
    return init(ANY);
}

bool oncpu_state_join(void)
{
    int saved_errno = errno;
    bool joined = false;

    if (__atomic_load_n(&oncpu_state_program, __ATOMIC_RELAXED))
        return false;
    if (!__atomic_load_n(&later.at, __ATOMIC_RELAXED) || pin_is_new())
        joined = !init(MACHINE_WIDE);
    errno = saved_errno;
    return joined;
}
