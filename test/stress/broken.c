/* SPDX-License-Identifier: MIT */
/*
 * Locks that do not work, each in its own way: the checker must catch every one, for the right reason. Otherwise what
 * it says of the others means nothing.
 *
 * usage: broken exclusion|wake|timeout|cond
 */
#include "check.h"
#include "checker.h"
#include "clock.h"

#include <pthread.h>
#include <sched.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t conds[CHECKER_CONDS] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};

/* ---- the C library's lock: it works, and each of the others breaks a part of it ---- */

static void good_lock(void)
{
    pthread_mutex_lock(&mutex);
}

static bool good_trylock(void)
{
    return pthread_mutex_trylock(&mutex) == 0;
}

static bool good_timedlock(uint64_t ns)
{
    struct timespec deadline = test_deadline(CLOCK_MONOTONIC, ns);

    return pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &deadline) == 0;
}

static void good_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

static void good_wait(int cond)
{
    pthread_cond_wait(&conds[cond], &mutex);
}

static void good_timedwait(int cond, uint64_t ns)
{
    struct timespec deadline = test_deadline(CLOCK_MONOTONIC, ns);

    pthread_cond_clockwait(&conds[cond], &mutex, CLOCK_MONOTONIC, &deadline);
}

static void good_signal(int cond)
{
    pthread_cond_signal(&conds[cond]);
}

static void good_broadcast(int cond)
{
    pthread_cond_broadcast(&conds[cond]);
}

/* ---- no exclusion: it tests, and then it sets ---- */

static volatile int held;

static bool racy_trylock(void)
{
    static unsigned turns;

    if (held)
        return false;
    if (__atomic_fetch_add(&turns, 1, __ATOMIC_RELAXED) % 64 == 0)
        sched_yield(); /* on a single CPU, too */
    held = 1;
    return true;
}

static void racy_lock(void)
{
    while (!racy_trylock())
        sched_yield();
}

static bool racy_timedlock(uint64_t ns)
{
    uint64_t end = test_now_ns() + ns;

    while (!racy_trylock())
        if (test_now_ns() > end)
            return false;
    return true;
}

static void racy_unlock(void)
{
    held = 0;
}

static void racy_wait(int cond)
{
    (void)cond;
    racy_unlock();
    sched_yield();
    racy_lock();
}

static void racy_timedwait(int cond, uint64_t ns)
{
    (void)ns;
    racy_wait(cond);
}

/* ---- no wake: who releases the lock forgets those who sleep ---- */

static pthread_mutex_t inner = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;

static void sleepy_lock(void)
{
    pthread_mutex_lock(&inner);
    while (held)
        pthread_cond_wait(&released, &inner);
    held = 1;
    pthread_mutex_unlock(&inner);
}

static bool sleepy_trylock(void)
{
    pthread_mutex_lock(&inner);
    bool taken = !held;
    held = 1;
    pthread_mutex_unlock(&inner);
    return taken;
}

static bool sleepy_timedlock(uint64_t ns)
{
    test_sleep_ns(ns);
    return sleepy_trylock();
}

static void sleepy_unlock(void)
{
    pthread_mutex_lock(&inner);
    held = 0;
    pthread_mutex_unlock(&inner);
}

static void sleepy_wait(int cond)
{
    (void)cond;
    sleepy_unlock();
    sleepy_lock();
}

static void sleepy_timedwait(int cond, uint64_t ns)
{
    (void)ns;
    sleepy_wait(cond);
}

/* ---- false success: a timeout is taken for the lock ---- */

static __thread bool not_mine;

static bool lying_timedlock(uint64_t ns)
{
    not_mine = !good_timedlock(ns);
    return true;
}

/* Not by releasing what another has: the fault shall be the false success alone. */
static void lying_unlock(void)
{
    if (!not_mine)
        good_unlock();
    not_mine = false;
}

static void lying_wait(int cond)
{
    if (!not_mine)
        good_wait(cond);
}

static void lying_timedwait(int cond, uint64_t ns)
{
    if (!not_mine)
        good_timedwait(cond, ns);
}

/* ---- a lost wake-up: the waiter is counted after it let go of the mutex, and a signal in between finds nobody ---- */

static int sleepers[CHECKER_CONDS]; /* under `inner` */

static void late_wait(int cond)
{
    good_unlock();
    test_sleep_ns(20000);
    pthread_mutex_lock(&inner);
    sleepers[cond]++;
    pthread_cond_wait(&conds[cond], &inner);
    sleepers[cond]--;
    pthread_mutex_unlock(&inner);
    good_lock();
}

static void late_timedwait(int cond, uint64_t ns)
{
    (void)cond;
    good_unlock();
    test_sleep_ns(ns);
    good_lock();
}

static void late_broadcast(int cond)
{
    pthread_mutex_lock(&inner);
    if (sleepers[cond])
        pthread_cond_broadcast(&conds[cond]);
    pthread_mutex_unlock(&inner);
}

/* ---- the list of them, and the good one, to be sure that it is not the checker that fails ---- */

static const struct broken {
    struct checker_lock lock;
    unsigned caught_by; /* one of these; 0: it is not broken */
} all[] = {
    {{"good", good_lock, good_trylock, good_timedlock, good_unlock, good_wait, good_timedwait, good_signal,
      good_broadcast},
     0},
    {{"exclusion", racy_lock, racy_trylock, racy_timedlock, racy_unlock, racy_wait, racy_timedwait, good_signal,
      good_broadcast},
     CHECKER_OVERLAP},
    {{"wake", sleepy_lock, sleepy_trylock, sleepy_timedlock, sleepy_unlock, sleepy_wait, sleepy_timedwait, good_signal,
      good_broadcast},
     CHECKER_STUCK},
    {{"timeout", good_lock, good_trylock, lying_timedlock, lying_unlock, lying_wait, lying_timedwait, good_signal,
      good_broadcast},
     CHECKER_OVERLAP},
    {{"cond", good_lock, good_trylock, good_timedlock, good_unlock, late_wait, late_timedwait, late_broadcast,
      late_broadcast},
     CHECKER_STUCK},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct checker_run run = {&all[i].lock, 12, TEST_SECOND,
                                  all[i].caught_by ? 2ull * TEST_SECOND : TEST_PATIENCE_NS, NULL};
        unsigned faults;

        if (argc != 2 || strcmp(argv[1], all[i].lock.name) != 0)
            continue;
        faults = checker_run(&run);
        bool right = all[i].caught_by ? faults & all[i].caught_by : !faults;
        printf("%s\n", right ? "as expected" : "NOT as expected");
        fflush(NULL);
        _exit(right ? 0 : 1);
    }
    return 2;
}
