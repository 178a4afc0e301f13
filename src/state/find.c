/* SPDX-License-Identifier: MIT */
/*
 * Which BPF program the process gets: those that there can be, in their order, and why not.
 */
#include "find.h"

#include "array_abi.h"
#include "filter.h"
#include "kernel.h"
#include "paths.h"
#include "records.h"
#include "settings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What is known of a source that may come later. All but `at` is used under the guard. */
static struct {
    uint64_t at; /* when the process looked for it in vain, CLOCK_MONOTONIC, ns */
    bool never;  /* not for this process, whatever comes */
    dev_t device;
    ino_t inode; /* the pin that was there, and was of no use; 0: there was none */
} later;

#define LOOK_EVERY_NS 1000000000u

/* Behind the reasons that need a text of their own; never written twice, as they stay readable. */
static char texts[16][200];

/* ---- words ---- */

static bool is(const char *text, const char *other)
{
    return text && !strcmp(text, other);
}

/* A text that stays as it is. There are not many: the kernel's few errors, and the pairs of them. */
static const char *keep(const char *text)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!*texts[i])
            snprintf(texts[i], sizeof(texts[i]), "%s", text);
        if (!strncmp(texts[i], text, sizeof(texts[i]) - 1))
            return texts[i];
    }
    return "no source can be used, for one reason after the other";
}

static const char *cannot(const char *what, int error)
{
    char text[sizeof(texts[0])];

    snprintf(text, sizeof(text), "%s: %s", what, strerrordesc_np(-error));
    return keep(text);
}

/* ---- what speaks against it ---- */

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ONCPU_SOURCE; NULL: it does not say. */
static const char *wanted_source(void)
{
    const char *wanted = oncpu_setting("ONCPU_SOURCE");

    return wanted && *wanted ? wanted : NULL;
}

static const char *obstacle(const char *wanted, const char *other)
{
    bool filtered = oncpu_filter_is_on(); /* in any case: it is asked for later, where a lock is held */

    if (is(wanted, "none"))
        return "ONCPU_SOURCE=none asks for it";
    if (wanted && !is(wanted, "uptr") && !is(wanted, "array"))
        return "ONCPU_SOURCE names no source (none, uptr, array)";
    if (other)
        return other;
    if (!wanted && filtered)
        return "a seccomp filter is in force, which might kill the process for calling bpf() (ONCPU_SOURCE=uptr or "
               "array tries)";
    return NULL;
}

const char *oncpu_find_obstacle(const char *other)
{
    const char *wanted = wanted_source();
    const char *reason = obstacle(wanted, other);

    later.never = reason || is(wanted, "uptr");
    if (reason)
        __atomic_store_n(&later.at, now_ns(), __ATOMIC_RELAXED);
    return reason;
}

/* ---- the programs ---- */

static const char *folder(void)
{
    const char *named = oncpu_setting(ONCPU_RUN_DIR_ENV);

    return named && *named ? named : ONCPU_RUN_DIR;
}

static const char no_privileges[] = "a program of its own needs root, or CAP_BPF and CAP_PERFMON";

static const char *join_array(struct oncpu_bpf_program *program)
{
    int error = oncpu_array_join(program, folder());

    if (!error)
        return NULL;
    if (error == -ENOENT)
        return "nobody has called `oncpu enable` on this machine";
    if (error == -EPROTO)
        return "what `oncpu enable` has pinned is of another version";
    if (error == -EACCES || error == -EPERM)
        return "what `oncpu enable` has pinned is not for this user, or bpf() is not permitted";
    later.inode = 0; /* it may be the fault of the moment: no memory, no descriptor, an upgrade */
    return cannot("what `oncpu enable` has pinned cannot be joined", error);
}

static const char *load(const char *what, int (*loader)(struct oncpu_bpf_program *), struct oncpu_bpf_program *program)
{
    int error;

    if (access("/sys/kernel/btf/vmlinux", F_OK))
        return "a BPF program needs a kernel with BTF, and /sys/kernel/btf/vmlinux is not there";
    error = loader(program);
    if (!error)
        return NULL;
    return error == -EPERM || error == -EACCES ? no_privileges : cannot(what, error);
}

static const char *load_own_array(struct oncpu_bpf_program *program)
{
    if (oncpu_kernel_is_before(5, 17))
        return "source array needs Linux 5.17 (task-local storage in programs that may sleep)";
    return load("source array cannot be loaded", oncpu_own_array_load, program);
}

static const char *load_uptr(struct oncpu_bpf_program *program)
{
    if (oncpu_kernel_is_before(6, 13))
        return "source uptr needs Linux 6.13 (pages pinned in task-local storage)";
    return load("source uptr cannot be loaded", oncpu_uptr_load, program);
}

static const char *both(const char *format, const char *first, const char *second)
{
    char text[sizeof(texts[0])];

    snprintf(text, sizeof(text), format, first, second);
    return keep(text);
}

/*
 * What stands for the whole machine comes first: each program of a process's own costs every context switch of it. Of those, the
 * array's costs less, and works on more kernels; where it cannot be had, `uptr` may: it needs less memory.
 */
static const char *get_program(struct oncpu_bpf_program *program, const char *wanted, enum oncpu_scope scope)
{
    const char *not_joined = join_array(program);
    const char *not_loaded;

    if (!not_joined || scope == ONCPU_MACHINE_WIDE)
        return not_joined;
    not_loaded = load_own_array(program);
    if (!not_loaded) {
        program->why = both("the program is the process's own%s%.120s", ", as ", not_joined);
        return NULL;
    }
    if (!wanted && not_loaded != no_privileges && !load_uptr(program)) {
        program->why = not_loaded;
        return NULL;
    }
    return both("%.95s; %.95s", not_loaded, not_joined);
}

/* ---- what is pinned ---- */

/* The pin that is opened last, and was made last. False: there is none, for this process. */
static bool see_pin(struct stat *pin)
{
    static char path[PATH_MAX]; /* one thread at a time has the guard, and its stack may be of the smallest size */
    int length = snprintf(path, sizeof(path), "%s/" ONCPU_PIN_REGISTER, folder());

    return length > 0 && (size_t)length < sizeof(path) && !stat(path, pin);
}

const char *oncpu_find_program(struct oncpu_bpf_program *program, enum oncpu_scope scope)
{
    const char *wanted = wanted_source();
    const char *reason;
    struct stat pin;

    later.inode = 0;
    if (!later.never && see_pin(&pin)) {
        later.device = pin.st_dev;
        later.inode = pin.st_ino;
    }
    reason = !is(wanted, "uptr")           ? get_program(program, wanted, scope)
             : scope == ONCPU_MACHINE_WIDE ? "ONCPU_SOURCE=uptr asks for another one"
                                           : load_uptr(program);
    if (reason)
        __atomic_store_n(&later.at, now_ns(), __ATOMIC_RELAXED);
    return reason;
}

bool oncpu_find_has_failed(void)
{
    return __atomic_load_n(&later.at, __ATOMIC_RELAXED) != 0;
}

bool oncpu_find_sees_new_pin(void)
{
    uint64_t last = __atomic_load_n(&later.at, __ATOMIC_RELAXED);
    uint64_t now = now_ns();
    bool is_new = false;
    struct stat pin;

    if (now - last < LOOK_EVERY_NS || !oncpu_records_guard_take())
        return false;
    __atomic_store_n(&later.at, now, __ATOMIC_RELAXED);
    if (!later.never && see_pin(&pin))
        is_new = pin.st_ino != later.inode || pin.st_dev != later.device;
    oncpu_records_guard_drop();
    return is_new;
}
