/* SPDX-License-Identifier: MIT */
/*
 * A program that wants one mutex with several threads, until its standard input ends: built once with the library's mutex,
 * and once with pthread's for the drop-in.
 *
 * usage: locks [--until-lost]     also until the process has lost its source (the library's mutex only), for a minute at most
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef LOCKS_NATIVE
#include <oncpu/oncpu.h>
static oncpu_mutex_t mutex = ONCPU_MUTEX_INITIALIZER;
#define LOCK() oncpu_mutex_lock(&mutex)
#define UNLOCK() oncpu_mutex_unlock(&mutex)
#else
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
#define LOCK() pthread_mutex_lock(&mutex)
#define UNLOCK() pthread_mutex_unlock(&mutex)
#endif

#define THREADS 4
#define LEAST_TURNS 200 /* of each thread */

static bool enough; /* relaxed: nothing is passed on with it */
static uint64_t guarded;

static void pause_ns(long ns)
{
    const struct timespec time = {0, ns};

    nanosleep(&time, NULL);
}

/* One turn in 16 holds the mutex asleep: the case that the waiters need the owner's record for. */
static void *take_turns(void *argument)
{
    uint64_t *turns = argument;

    while (!__atomic_load_n(&enough, __ATOMIC_RELAXED) || *turns < LEAST_TURNS) {
        LOCK();
        guarded++;
        if (*turns % 16 == 0)
            pause_ns(300000);
        UNLOCK();
        ++*turns;
    }
    return NULL;
}

static void wait_for_end_of_input(void)
{
    char byte;

    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
}

#ifdef LOCKS_NATIVE
static bool begin(void)
{
    oncpu_init(); /* what it found is said with ONCPU_VERBOSE=1 */
    return !oncpu_stats_enable();
}

static bool wait_until_lost(void)
{
    for (int i = 0; i < 6000 && oncpu_source() != ONCPU_SOURCE_NONE; i++)
        pause_ns(10000000);
    printf("at the end: source %s: %s\n", oncpu_source_name(oncpu_source()), oncpu_source_reason());
    return oncpu_source() == ONCPU_SOURCE_NONE;
}

static void end(void)
{
    struct oncpu_stats stats;

    oncpu_stats_read(&stats);
    printf("spins ended: the owner was not on a CPU %llu\n", (unsigned long long)stats.owner_off_cpu);
}
#else
/* Of all this the drop-in's user knows nothing; `oncpu run --stats` does. */
static bool begin(void)
{
    return true;
}

static bool wait_until_lost(void)
{
    return false;
}

static void end(void) {}
#endif

int main(int argc, char **argv)
{
    bool until_lost = argc == 2 && !strcmp(argv[1], "--until-lost");
    pthread_t threads[THREADS];
    uint64_t turns[THREADS] = {0};
    uint64_t sum = 0;
    bool good = begin();

    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, take_turns, &turns[i]))
            return 1;
    wait_for_end_of_input();
    if (until_lost)
        good = wait_until_lost() && good;
    __atomic_store_n(&enough, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += turns[i];
    }
    end();
    if (sum != guarded)
        printf("%llu turns, but %llu were counted\n", (unsigned long long)sum, (unsigned long long)guarded);
    return good && sum == guarded ? 0 : 1;
}
