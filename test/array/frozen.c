/* SPDX-License-Identifier: MIT */
/*
 * The owner of a lock runs when the program is detached, so that its record says for ever that it runs: those who wait for it then
 * spin for no longer than the bound, and get the lock.
 *
 * usage: frozen PIN    it says "holds", and goes on when PIN is no more
 */
#include "check.h"
#include "clock.h"

#include <oncpu/oncpu.h>
#include <pthread.h>

enum { WAITERS = 4, HOLD_MS = 500 };

static oncpu_mutex_t mutex;
static unsigned waiting;
static uint64_t burnt[WAITERS];

static void *wait_for_it(void *argument)
{
    uint64_t before = test_clock_ns(CLOCK_THREAD_CPUTIME_ID);

    __atomic_fetch_add(&waiting, 1, __ATOMIC_RELAXED);
    CHECK(oncpu_mutex_lock(&mutex) == 0);
    CHECK(oncpu_mutex_unlock(&mutex) == 0);
    *(uint64_t *)argument = test_clock_ns(CLOCK_THREAD_CPUTIME_ID) - before;
    return NULL;
}

int main(int argc, char **argv)
{
    const struct oncpu_thread_record *mine;
    pthread_t waiters[WAITERS];

    CHECK(argc == 2 && oncpu_init() == 0 && oncpu_source() == ONCPU_SOURCE_ARRAY);
    CHECK(oncpu_thread_register() == 0);
    mine = oncpu_thread_self();
    CHECK(mine && oncpu_mutex_lock(&mutex) == 0);
    puts("holds");
    fflush(stdout);
    /* not asleep: then the record would say so; and detaching takes effect some time after the pin is gone */
    for (uint64_t end = UINT64_MAX; test_now_ns() < end;)
        if (end == UINT64_MAX && access(argv[1], F_OK))
            end = test_now_ns() + TEST_SECOND;
    for (int i = 0; i < WAITERS; i++)
        CHECK(pthread_create(&waiters[i], NULL, wait_for_it, &burnt[i]) == 0);
    CHECK(EVENTUALLY(__atomic_load_n(&waiting, __ATOMIC_RELAXED) == WAITERS));
    test_sleep_ns(HOLD_MS * TEST_MS);
    printf("its record says %u\n", (unsigned)oncpu_thread_state(mine));
    CHECK(oncpu_mutex_unlock(&mutex) == 0);
    for (int i = 0; i < WAITERS; i++) {
        CHECK(pthread_join(waiters[i], NULL) == 0);
        /* the bound is a few hundred microseconds, and the rest of this is far more than a thread's way to its sleep takes */
        printf("a waiter burnt %lu us in %d ms\n", (unsigned long)(burnt[i] / 1000), HOLD_MS);
        CHECK(burnt[i] < HOLD_MS * TEST_MS / 10);
    }
    return 0;
}
