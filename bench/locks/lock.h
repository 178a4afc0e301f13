/* SPDX-License-Identifier: MIT */
/* What the benchmark asks of a lock: an adapter fills this struct and registers it; measurements and checks follow. */
#ifndef BENCH_LOCK_H
#define BENCH_LOCK_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A lock's condition variable. */
struct bench_cond_ops {
    size_t size;                 /* its memory is zeroed and 128-byte aligned */
    void (*init)(void *cond);    /* NULL: all zero is a condition variable that nobody waits for */
    void (*destroy)(void *cond); /* NULL: nothing to do */
    void (*wait)(void *cond, void *lock);
    void (*signal)(void *cond);
    void (*broadcast)(void *cond);
};

/* The environment of a lock that this process cannot have: the lock is checked and measured in a child that has it. */
struct bench_process {
    /* The lock of this table that the child calls: "pthread", if another library serves it there. */
    const char *stand_in;
    /* NULL, or the library that must serve pthread_mutex_lock and pthread_mutex_unlock there. */
    const char *preload;
    /* NULL, or the source of thread states that must be in use: its name, or "auto": any but none. */
    const char *source;
    /*
     * NULL, or called there in the middle of the measured time, by a thread that uses no lock. Returns NULL, or why the
     * run is worth nothing.
     */
    const char *(*halfway)(void);
};

struct bench_lock_ops {
    const char *name;
    const char *description; /* one line */
    size_t size;             /* bytes of a lock; its memory is zeroed and 128-byte aligned */
    bool hidden;             /* not measured unless it is asked for by name */

    void (*init)(void *lock);    /* NULL: all zero is a free lock */
    void (*destroy)(void *lock); /* NULL: nothing to do */
    void (*lock)(void *lock);
    void (*unlock)(void *lock);
    bool (*trylock)(void *lock); /* NULL: the lock has none */
    /* NULL, or: false if that time by CLOCK_REALTIME came before the lock. The checker alone asks for it. */
    bool (*timedlock)(void *lock, const struct timespec *deadline);

    /* NULL, or: why this lock cannot run here, NULL if it can. Asked once, before anything is measured. */
    const char *(*unavailable)(void);
    /* NULL, or called before each run, while no thread uses a lock. Returns NULL, or why the run cannot be made. */
    const char *(*before_run)(void);

    /* NULL, or the process that it needs: then all that it does is its stand_in's. */
    const struct bench_process *process;

    const struct bench_cond_ops *cond; /* NULL: the lock has none */
    bool process_shared;               /* works in memory that processes share, ... */
    void (*init_shared)(void *lock);   /* ... made by this one; NULL: by init() */
};

void bench_lock_register(const struct bench_lock_ops *ops);

/* In an adapter's file: `BENCH_LOCK(ops);` and nothing else anywhere. */
#define BENCH_LOCK(ops)                                                                                                \
    __attribute__((constructor)) static void bench_register_##ops(void)                                                \
    {                                                                                                                  \
        bench_lock_register(&ops);                                                                                     \
    }                                                                                                                  \
    static_assert(sizeof(ops) > 0, "")

/*
 * In the adapter of a library's lock, on one line: bench/CMakeLists.txt reads it, looks for the header and the library
 * ("": headers are all), links it, and defines BENCH_FOUND for this file. Where it is not defined, the adapter still
 * registers its locks, with bench_not_installed() as `unavailable`.
 */
#ifdef BENCH_FOUND
#define BENCH_NEEDS(header, library, package) static_assert(true, "")
#else
#define BENCH_NEEDS(header, library, package)                                                                          \
    static const char *bench_not_installed(void)                                                                       \
    {                                                                                                                  \
        return "not installed when this was built (package " package ")";                                              \
    }                                                                                                                  \
    static_assert(true, "")
#endif

/* What a thread does between two looks at a lock that it waits for. */
static inline void bench_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#else
    __asm__ volatile("" ::: "memory");
#endif
}

#ifdef __cplusplus
}
#endif

#endif
