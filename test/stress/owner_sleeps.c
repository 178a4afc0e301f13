/* SPDX-License-Identifier: MIT */
/*
 * While owners sleep inside the section, their waiters sleep too: all threads together burn a small part of one CPU,
 * where spinning waiters would burn all CPUs. Built twice: for the native mutex, and (OWNER_SLEEPS_PTHREAD) for
 * pthread's, into which the drop-in is then preloaded.
 *
 * usage: owner_sleeps array|uptr|none    where its thread states are expected to come from
 */
#include "check.h"
#include "clock.h"

#include <dlfcn.h>
#include <oncpu/oncpu.h>
#include <pthread.h>

enum { THREADS = 8, RUN_MS = 1000, SHARE = 4 };

#ifdef OWNER_SLEEPS_PTHREAD
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
#define LOCK pthread_mutex_lock
#define UNLOCK pthread_mutex_unlock

/* The drop-in chooses by itself, when the first thread is created; it exports liboncpu's functions. */
static void init(void) {}

static const char *source(const char **reason)
{
    enum oncpu_source (*get)(void) = (enum oncpu_source(*)(void))dlsym(RTLD_DEFAULT, "oncpu_source");
    const char *(*name)(enum oncpu_source) =
        (const char *(*)(enum oncpu_source))dlsym(RTLD_DEFAULT, "oncpu_source_name");
    const char *(*why)(void) = (const char *(*)(void))dlsym(RTLD_DEFAULT, "oncpu_source_reason");

    CHECK(get && name && why); /* preloaded */
    *reason = why();
    return name(get());
}
#else
static oncpu_mutex_t mutex;
#define LOCK oncpu_mutex_lock
#define UNLOCK oncpu_mutex_unlock

static void init(void)
{
    oncpu_init();
}

static const char *source(const char **reason)
{
    *reason = oncpu_source_reason();
    return oncpu_source_name(oncpu_source());
}
#endif

static int stop;
static uint64_t sections; /* under the mutex */

static void *sleep_inside(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        CHECK(LOCK(&mutex) == 0);
        sections++;
        test_sleep_ns(TEST_MS);
        CHECK(UNLOCK(&mutex) == 0);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    const char *reason;

    CHECK(argc == 2);
    init();
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, sleep_inside, NULL) == 0);
    if (strcmp(source(&reason), argv[1]) != 0)
        test_skip(reason);
    uint64_t wall = test_now_ns();
    uint64_t cpu = test_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    test_sleep_ns(RUN_MS * TEST_MS);
    cpu = test_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = test_now_ns() - wall;
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    printf("%lu sections, %lu us of CPU time in %lu us\n", (unsigned long)sections, (unsigned long)cpu / 1000,
           (unsigned long)wall / 1000);
    CHECK(sections > 0);
    CHECK(cpu < wall / SHARE);
    return 0;
}
