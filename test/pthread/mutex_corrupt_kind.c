/* SPDX-License-Identifier: MIT */
/*
 * Description: a mutex whose kind is none that attributes make, and one that was destroyed, are treated as libc
 * treats them.
 * Holds: glibc pthread_mutex_lock and its siblings ("Correct code cannot set any other type": EINVAL).
 */
#include "fields.h"
#include "kinds.h"

static void try_all(pthread_mutex_t *m)
{
    const struct timespec past = {1, 0};

    SHOW(pthread_mutex_lock(m));
    SHOW(pthread_mutex_trylock(m));
    SHOW(pthread_mutex_timedlock(m, &past));
    SHOW(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &past));
    SHOW(pthread_mutex_unlock(m));
    show_fields("afterwards", m);
}

int main(void)
{
    static const int bad[] = {-1, 4, 5, 7, 8, 12, 15, 0x200 | 1, 0x200 | 2, 0x200 | 3, 0x200 | 9, 127, 0x7ffffeff};

    begin();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

        printf("kind %d\n", bad[i]);
        m.__data.__kind = bad[i];
        try_all(&m);
    }
    for (int type = TYPE_DEFAULT; type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++) {
        pthread_mutex_t m;

        printf("type %d, destroyed\n", type);
        init_type(&m, type);
        CHECK_EQ(0, pthread_mutex_destroy(&m));
        try_all(&m);
        SHOW(pthread_mutex_destroy(&m));
        init_type(&m, type);
        contend(&m, 2, 500);
        CHECK_EQ(0, pthread_mutex_destroy(&m));
    }
    return 0;
}
