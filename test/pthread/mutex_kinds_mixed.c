/* SPDX-License-Identifier: MIT */
/*
 * Description: all kinds at once, contended, nested in one another by the same threads.
 * Holds: POSIX XSH pthread_mutex_lock.
 */
#include "fields.h"
#include "kinds.h"

enum { THREADS = 6, ROUNDS = 400 };

static struct {
    pthread_mutex_t mutex;
    volatile long counter;
} cells[KINDS];

/* Locks the mutexes in one order and releases them in another; each counter is written under its own mutex only. */
static void *work(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        long seen[KINDS];

        for (int k = 0; k < KINDS; k++) {
            CHECK_EQ(0, pthread_mutex_lock(&cells[k].mutex));
            seen[k] = cells[k].counter;
        }
        if (i % 16 == 0)
            sched_yield();
        for (int k = 0; k < KINDS; k++) {
            int at = (k * 5 + i) % KINDS;
            cells[at].counter = seen[at] + 1;
            CHECK_EQ(0, pthread_mutex_unlock(&cells[at].mutex));
        }
    }
    return arg;
}

int main(void)
{
    pthread_t threads[THREADS];

    begin();
    for (int k = 0; k < KINDS; k++)
        init_kind(&cells[k].mutex, &kinds[k]);
    for (int i = 0; i < THREADS; i++)
        threads[i] = go(work, NULL);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    for (int k = 0; k < KINDS; k++) {
        CHECK_EQ(THREADS * ROUNDS, cells[k].counter);
        contend(&cells[k].mutex, 4, 1000);
        show_fields(kinds[k].name, &cells[k].mutex);
        CHECK_EQ(0, pthread_mutex_destroy(&cells[k].mutex));
    }
    return 0;
}
