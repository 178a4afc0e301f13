/* SPDX-License-Identifier: MIT */
/*
 * A scheduler-cooperative lock, after u-SCL: the lock is lent by slices of time, in which its owner may take it as often
 * as it likes and nobody else can; who has used it for more than its share is kept away until the others have caught up.
 * Simpler than u-SCL in this: all threads weigh the same, and one that came once counts for ever.
 */
#include "../harness/clock.h"
#include "queue.h"

#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ACCOUNTS = 256, POLLS = 1000 };
#define SLICE_NS 2000000.0 /* as the paper has it */
#define EARLY_NS 50000.0   /* the next owner wakes up that long before the slice ends, and spins */

struct account {
    atomic_uint thread; /* 0: nobody's yet */
    _Atomic uint64_t banned_until;
};

struct u_scl {
    /* The number of the thread whose slice it is, times two; plus one while that thread holds the lock. 0: nobody's. */
    _Alignas(64) _Atomic uint64_t word;
    _Atomic uint64_t slice_end;
    uint64_t entered; /* the owner's, as the account is */
    struct account *account;
    _Alignas(64) bench_queue tail; /* of the queue of those who want the next slice */
    atomic_uint threads;
    struct account accounts[ACCOUNTS];
};

static _Thread_local unsigned number;
static atomic_uint last_number;
static double ticks_per_ns;

/* A clock that costs less than a short section: each turn reads it twice. */
static uint64_t ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t now;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(now));
    return now;
#else
    return bench_now_ns();
#endif
}

static const char *calibrate(void)
{
    enum { CALIBRATE_NS = 5000000 };
    uint64_t from_ns = bench_now_ns(), from = ticks(), ns;

    while ((ns = bench_now_ns() - from_ns) < CALIBRATE_NS)
        bench_relax();
    ticks_per_ns = (double)(ticks() - from) / (double)ns;
    return ticks_per_ns > 0 ? NULL : "this CPU's clock stands still";
}

static uint64_t from_ns(double ns)
{
    return (uint64_t)(ns * ticks_per_ns);
}

/* Sleeps on a word that nobody wakes. */
static void sleep_ticks(uint64_t wanted)
{
    double ns = (double)wanted / ticks_per_ns;
    const struct timespec time = {(time_t)(ns * 1e-9), (long)ns % 1000000000};

    clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

/* With more threads than accounts some share one: their usage counts together. */
static struct account *account_of(struct u_scl *l)
{
    if (!number)
        number = atomic_fetch_add_explicit(&last_number, 1, memory_order_relaxed) + 1;
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        struct account *a = &l->accounts[(number + i) % ACCOUNTS];
        unsigned whose = atomic_load_explicit(&a->thread, memory_order_relaxed);

        if (whose == 0 && atomic_compare_exchange_strong_explicit(&a->thread, &whose, number, memory_order_relaxed,
                                                                  memory_order_relaxed)) {
            atomic_fetch_add_explicit(&l->threads, 1, memory_order_relaxed);
            return a;
        }
        if (whose == number)
            return a;
    }
    return &l->accounts[number % ACCOUNTS];
}

static void sit_out_ban(const struct account *a)
{
    uint64_t until = atomic_load_explicit(&a->banned_until, memory_order_relaxed), now;

    while ((now = ticks()) < until)
        sleep_ticks(until - now);
}

static struct bench_place *join_queue(struct u_scl *l)
{
    struct bench_place *self = bench_place_take();

    if (!bench_queue_join(&l->tail, self)) {
        while (bench_place_waits(self))
            syscall(SYS_futex, &self->waiting, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
    }
    return self;
}

static void leave_queue(struct u_scl *l, struct bench_place *self)
{
    struct bench_place *next = bench_queue_leave(&l->tail, self);

    if (next) {
        bench_place_tell(next);
        /* The place may be gone by now, and the wake-up hit whatever is there, which must bear it. */
        syscall(SYS_futex, &next->waiting, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
    bench_place_drop(self);
}

/* The word comes first: of a word that is not held, the slice's end is at least as new. */
static bool take_over(struct u_scl *l, uint64_t *left)
{
    /* Acquire: pairs with the release in unlock_u_scl(). */
    uint64_t word = atomic_load_explicit(&l->word, memory_order_acquire);
    uint64_t end = atomic_load_explicit(&l->slice_end, memory_order_relaxed), now = ticks();

    *left = word && end > now ? end - now : 0;
    if (*left || word & 1)
        return false;
    return atomic_compare_exchange_strong_explicit(&l->word, &word, 2 * (uint64_t)number + 1, memory_order_acquire,
                                                   memory_order_relaxed);
}

static void await_slice(struct u_scl *l)
{
    uint64_t left, early = from_ns(EARLY_NS);

    for (unsigned polls = 1; !take_over(l, &left); polls++) {
        if (left > early)
            sleep_ticks(left - early);
        else if (polls % POLLS == 0)
            sched_yield();
        else
            bench_relax();
    }
}

static void lock_u_scl(void *lock)
{
    struct u_scl *l = lock;
    struct account *a = account_of(l);
    uint64_t mine = 2 * (uint64_t)number, now = ticks();

    if (atomic_load_explicit(&l->word, memory_order_relaxed) == mine &&
        atomic_load_explicit(&l->slice_end, memory_order_relaxed) > now &&
        /* Acquire: pairs with the release in unlock_u_scl(), of others too, if the slice was somebody else's meanwhile. */
        atomic_compare_exchange_strong_explicit(&l->word, &mine, mine + 1, memory_order_acquire,
                                                memory_order_relaxed)) {
        l->entered = now;
        return;
    }
    sit_out_ban(a);
    struct bench_place *self = join_queue(l);

    await_slice(l);
    l->entered = ticks();
    l->account = a;
    atomic_store_explicit(&a->banned_until, l->entered, memory_order_relaxed);
    atomic_store_explicit(&l->slice_end, l->entered + from_ns(SLICE_NS), memory_order_relaxed);
    leave_queue(l, self);
}

static void unlock_u_scl(void *lock)
{
    struct u_scl *l = lock;
    uint64_t usage = ticks() - l->entered;

    /* Its share is one of as many as there are threads: for each moment inside, the others are owed one each. */
    atomic_fetch_add_explicit(&l->account->banned_until,
                              usage * atomic_load_explicit(&l->threads, memory_order_relaxed), memory_order_relaxed);
    /* Release: pairs with the acquires in take_over() and lock_u_scl(). */
    atomic_store_explicit(&l->word, 2 * (uint64_t)number, memory_order_release);
}

static const struct bench_lock_ops ops = {
    .name = "u_scl",
    .description = "lock slices of 2 ms, threads that overused it are kept away: the queue sleeps, its head spins",
    .size = sizeof(struct u_scl),
    .lock = lock_u_scl,
    .unlock = unlock_u_scl,
    .unavailable = calibrate,
};
BENCH_LOCK(ops);
