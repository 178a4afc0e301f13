/* SPDX-License-Identifier: MIT */
/*
 * A program whose mutex is contended a known number of times: `contended N` makes N waiters sleep, one after the other.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define WORD_WITH_SLEEPER 2 /* in glibc's mutex, and so in ours */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *wait_for_it(void *argument)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    return argument;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 0;

    for (int i = 0; i < rounds; i++) {
        pthread_t waiter;

        pthread_mutex_lock(&mutex);
        if (pthread_create(&waiter, NULL, wait_for_it, NULL))
            return 1;
        while (__atomic_load_n(&mutex.__data.__lock, __ATOMIC_RELAXED) != WORD_WITH_SLEEPER)
            usleep(100);
        pthread_mutex_unlock(&mutex);
        pthread_join(waiter, NULL);
    }
    return 0;
}
