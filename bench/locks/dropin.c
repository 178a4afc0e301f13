/* SPDX-License-Identifier: MIT */
/* The drop-in's pthread_mutex_t, called inside this process beside the C library's own. */
#include "posix.h"

#include "../harness/dropin_library.h"

#include <dlfcn.h>
#include <oncpu/oncpu.h>
#include <stdio.h>

/* The drop-in has its own copy of the library's state: these are not the functions that this program is linked with. */
static struct {
    int (*lock)(pthread_mutex_t *);
    int (*unlock)(pthread_mutex_t *);
    int (*trylock)(pthread_mutex_t *);
    int (*timedlock)(pthread_mutex_t *, const struct timespec *);
    int (*init)(void);
    int (*select)(enum oncpu_source);
    const char *(*reason)(void);
} dropin;

/* POSIX lets a function's address pass through a void pointer; ISO C wants it said by the representation. */
static bool take_symbol(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);

    *(void **)function = address;
    return address != NULL;
}

static const char *load(void)
{
    static char why[320];
    static bool loaded;
    char path_why[256];

    if (loaded)
        return NULL;
    const char *path = bench_dropin_path(path_why, sizeof(path_why));
    /* RTLD_LOCAL: its symbols must not take the place of the C library's for the rest of this process. */
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;

    if (!library) {
        snprintf(why, sizeof(why), "%s", path ? dlerror() : path_why);
        return why;
    }
    loaded = take_symbol(library, "pthread_mutex_lock", &dropin.lock) &&
             take_symbol(library, "pthread_mutex_unlock", &dropin.unlock) &&
             take_symbol(library, "pthread_mutex_trylock", &dropin.trylock) &&
             take_symbol(library, "pthread_mutex_timedlock", &dropin.timedlock) &&
             take_symbol(library, "oncpu_init", &dropin.init) &&
             take_symbol(library, "oncpu_source_select", &dropin.select);
    if (!loaded) {
        snprintf(why, sizeof(why), "it lacks a function: %s", dlerror());
        return why;
    }
    take_symbol(library, "oncpu_source_reason", &dropin.reason);
    return NULL;
}

static const char *reason(void)
{
    return dropin.reason ? dropin.reason() : "the drop-in has no source of thread states";
}

static const char *no_states(void)
{
    const char *why = load();

    if (why)
        return why;
    return dropin.init() == 0 ? NULL : reason();
}

static const char *use_states(void)
{
    return dropin.select(ONCPU_SOURCE_AUTO) == 0 ? NULL : reason();
}

static const char *use_no_states(void)
{
    return dropin.select(ONCPU_SOURCE_NONE) == 0 ? NULL : "cannot suspend the thread states";
}

BENCH_CALLS(dropin, dropin.lock, dropin.unlock, dropin.trylock, 0);
BENCH_TIMED_CALL(dropin, dropin.timedlock, 0);

/* The condition variable is the C library's, which knows the drop-in's mutexes as its own: the drop-in has none. */
static const struct bench_lock_ops with_states = {
    .name = "dropin",
    .description = "pthread_mutex_t as liboncpu-pthread.so serves it",
    .size = sizeof(pthread_mutex_t),
    .lock = lock_dropin,
    .unlock = unlock_dropin,
    .trylock = trylock_dropin,
    .timedlock = timedlock_dropin,
    .unavailable = no_states,
    .before_run = use_states,
    .cond = &bench_posix_cond,
    .process_shared = true,
    .init_shared = bench_posix_init_shared,
};
BENCH_LOCK(with_states);

static const struct bench_lock_ops without_states = {
    .name = "dropin_none",
    .description = "pthread_mutex_t as liboncpu-pthread.so serves it without BPF",
    .size = sizeof(pthread_mutex_t),
    .lock = lock_dropin,
    .unlock = unlock_dropin,
    .trylock = trylock_dropin,
    .timedlock = timedlock_dropin,
    .unavailable = load,
    .before_run = use_no_states,
    .cond = &bench_posix_cond,
    .process_shared = true,
    .init_shared = bench_posix_init_shared,
};
BENCH_LOCK(without_states);
