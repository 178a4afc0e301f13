/* SPDX-License-Identifier: MIT */
/* A plug-in that locks its host's mutexes with the pthread functions of its own link-map namespace. */
#include "../check.h"

long locker_count(pthread_mutex_t *mutex, volatile long *counter, long rounds);

long locker_count(pthread_mutex_t *mutex, volatile long *counter, long rounds)
{
    for (long i = 0; i < rounds; i++) {
        if (pthread_mutex_lock(mutex) != 0)
            return i;
        long seen = *counter;
        if (i % 64 == 0)
            sched_yield();
        *counter = seen + 1;
        if (pthread_mutex_unlock(mutex) != 0)
            return i;
    }
    return rounds;
}
