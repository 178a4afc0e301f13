/* SPDX-License-Identifier: MIT */
/* The checker: several threads change what the lock protects, in a way that shows when two of them are inside. */
#include "check.h"

#include "interrupt.h"
#include "memory.h"
#include "registry.h"
#include "remote.h"
#include "work.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { CHECK_NS = 100000000, WAIT_NS = 1000000, STUCK_S = 20, MAX_THREADS = 16, YIELD_EVERY = 16 };

struct checked {
    const struct bench_lock_ops *ops;
    void *lock;
    atomic_bool stop;
    /* Plain, as the data of a program is; volatile, so that every pass really loads and stores it. */
    volatile uint64_t counter;
    volatile unsigned inside;
    volatile bool trylock_lied, timedlock_lied;
    atomic_ullong intrusions;
    atomic_ullong passes;
};

static void pass(struct checked *c, uint64_t turn)
{
    uint64_t counter = c->counter;

    if (c->inside != 0)
        atomic_fetch_add_explicit(&c->intrusions, 1, memory_order_relaxed);
    c->inside = 1;
    /* Give the CPU away in the middle: on one CPU, nobody else would come by. */
    if (turn % YIELD_EVERY == 0)
        sched_yield();
    /* Whoever gets it now, while it is held, was lied to. */
    if (c->ops->trylock && turn % (4 * YIELD_EVERY) == 1 && c->ops->trylock(c->lock))
        c->trylock_lied = true;
    if (c->ops->timedlock && turn % (4 * YIELD_EVERY) == 2 && c->ops->timedlock(c->lock, &(struct timespec){0}))
        c->timedlock_lied = true;
    c->counter = counter + 1;
    c->inside = 0;
}

static struct timespec in_ns(long ns)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += ns;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* Some turns go by trylock and by timedlock, so that all ways in meet each other. */
static void take(struct checked *c, uint64_t turn)
{
    if (c->ops->trylock && turn % 8 == 3 && c->ops->trylock(c->lock))
        return;
    if (c->ops->timedlock && turn % 8 == 5) {
        struct timespec soon = in_ns(WAIT_NS);

        if (c->ops->timedlock(c->lock, &soon))
            return;
    }
    c->ops->lock(c->lock);
}

static void *check_thread(void *arg)
{
    struct checked *c = arg;
    uint64_t turn = 0;

    do {
        turn++;
        take(c, turn);
        pass(c, turn);
        c->ops->unlock(c->lock);
    } while (!atomic_load_explicit(&c->stop, memory_order_relaxed));
    atomic_fetch_add_explicit(&c->passes, turn, memory_order_relaxed);
    return NULL;
}

static void join_or_exit(pthread_t thread, const struct bench_lock_ops *ops)
{
    struct timespec deadline;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += STUCK_S;
    if (pthread_timedjoin_np(thread, NULL, &deadline) == 0)
        return;
    fprintf(stderr, "oncpu-bench: %s is stuck: a thread waits for it for %d s\n", ops->name, STUCK_S);
    fflush(NULL);
    _Exit(1);
}

static bool verdict(const struct checked *c, char *why, size_t size)
{
    unsigned long long intrusions = atomic_load(&c->intrusions), passes = atomic_load(&c->passes);

    if (c->trylock_lied)
        snprintf(why, size, "not mutually exclusive: trylock took a lock that was held");
    else if (c->timedlock_lied)
        snprintf(why, size, "not mutually exclusive: timedlock took a lock that was held");
    else if (intrusions || c->counter != passes)
        snprintf(why, size, "not mutually exclusive: %llu intrusions, %lld of %llu updates lost", intrusions,
                 (long long)(passes - c->counter), passes);
    else
        return true;
    return false;
}

/* Of a lock that is held: waits as long as it was told, at least. */
static bool gives_up_in_time(struct checked *c, char *why, size_t size)
{
    struct timespec soon = in_ns(WAIT_NS), now;

    if (c->ops->timedlock(c->lock, &soon)) {
        snprintf(why, size, "not mutually exclusive: timedlock took a lock that was held");
        return false;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec > soon.tv_sec || (now.tv_sec == soon.tv_sec && now.tv_nsec >= soon.tv_nsec))
        return true;
    snprintf(why, size, "timedlock gave up before its time");
    return false;
}

/* What one thread can tell alone. */
static bool check_alone(struct checked *c, char *why, size_t size)
{
    const char *cannot = c->ops->before_run ? c->ops->before_run() : NULL;
    bool ok = false;

    if (cannot) {
        snprintf(why, size, "%s", cannot);
    } else if (c->ops->trylock && !c->ops->trylock(c->lock)) {
        snprintf(why, size, "trylock refused a free lock");
    } else {
        if (!c->ops->trylock)
            c->ops->lock(c->lock);
        ok = !c->ops->timedlock || gives_up_in_time(c, why, size);
        c->ops->unlock(c->lock);
    }
    return ok;
}

static bool check_together(struct checked *c, char *why, size_t size)
{
    unsigned wanted = 2 * bench_cpus(), created = 0;
    pthread_t threads[MAX_THREADS];

    wanted = wanted < 4 ? 4 : wanted;
    wanted = wanted > MAX_THREADS ? MAX_THREADS : wanted;
    while (created < wanted && pthread_create(&threads[created], NULL, check_thread, c) == 0)
        created++;
    bench_sleep_ns(CHECK_NS);
    atomic_store_explicit(&c->stop, true, memory_order_relaxed);
    for (unsigned i = 0; i < created; i++)
        join_or_exit(threads[i], c->ops);
    if (created == wanted)
        return verdict(c, why, size);
    snprintf(why, size, "cannot create %u threads", wanted);
    return false;
}

bool bench_check(const struct bench_lock_ops *ops, char *why, size_t size)
{
    if (ops->process)
        return bench_remote_check(ops, why, size);
    struct checked *c = bench_alloc_lines(sizeof(*c));

    c->ops = ops;
    c->lock = bench_lock_create(ops);
    bool ok = check_alone(c, why, size) && check_together(c, why, size);

    bench_lock_free(ops, c->lock);
    free(c);
    return ok;
}
