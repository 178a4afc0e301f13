/* SPDX-License-Identifier: MIT */
/*
 * The native mutex and condition variables under the checker.
 */
#include "native_lock.h"

#include "check.h"
#include "clock.h"
#include "state/state.h"

#include <sched.h>
#include <stdlib.h>

oncpu_mutex_t native_mutex;
static oncpu_cond_t conds[CHECKER_CONDS];

static void lock(void)
{
    CHECK(oncpu_mutex_lock(&native_mutex) == 0);
}

static bool trylock(void)
{
    int error = oncpu_mutex_trylock(&native_mutex);

    CHECK(!error || error == EBUSY);
    return !error;
}

static bool timedlock(uint64_t ns)
{
    clockid_t clock = ns % 2 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    struct timespec deadline = test_deadline(clock, ns);
    int error = oncpu_mutex_clocklock(&native_mutex, clock, &deadline);

    CHECK(!error || error == ETIMEDOUT);
    return !error;
}

static void unlock(void)
{
    CHECK(oncpu_mutex_unlock(&native_mutex) == 0);
}

static void wait(int cond)
{
    CHECK(oncpu_cond_wait(&conds[cond], &native_mutex) == 0);
}

static void timedwait(int cond, uint64_t ns)
{
    clockid_t clock = ns % 2 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    struct timespec deadline = test_deadline(clock, ns);
    int error = oncpu_cond_clockwait(&conds[cond], &native_mutex, clock, &deadline);

    CHECK(!error || error == ETIMEDOUT);
}

static void signal_one(int cond)
{
    CHECK(oncpu_cond_signal(&conds[cond]) == 0);
}

static void broadcast(int cond)
{
    CHECK(oncpu_cond_broadcast(&conds[cond]) == 0);
}

const struct checker_lock native_lock = {
    .name = "oncpu",
    .lock = lock,
    .trylock = trylock,
    .timedlock = timedlock,
    .unlock = unlock,
    .wait = wait,
    .timedwait = timedwait,
    .signal = signal_one,
    .broadcast = broadcast,
};

int native_cpus(void)
{
    cpu_set_t cpus;

    return sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : CPU_COUNT(&cpus);
}

/* On many cores waiters wait in another way (seats.h), which a machine with few of them would never show. */
static void pretend(const char *cpus)
{
    if (cpus)
        oncpu_state_cpus = atoi(cpus);
}

struct checker_run native_run(int argc, char **argv)
{
    int threads = argc > 0 ? atoi(argv[0]) : 6 * native_cpus();
    int ms = argc > 1 ? atoi(argv[1]) : 2000;

    CHECK(threads >= 4 && ms > 0);
    pretend(getenv("TEST_CPUS"));
    return (struct checker_run){
        .lock = &native_lock,
        .threads = threads,
        .run_ns = (uint64_t)ms * TEST_MS,
        .grace_ns = TEST_PATIENCE_NS,
    };
}
