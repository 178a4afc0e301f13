/* SPDX-License-Identifier: MIT */
/*
 * Description: robust mutexes: EOWNERDEAD, pthread_mutex_consistent, ENOTRECOVERABLE; between threads and processes.
 * Holds: POSIX XSH pthread_mutexattr_setrobust, pthread_mutex_consistent, pthread_mutex_lock (EOWNERDEAD).
 */
#include "kinds.h"
#include <sys/mman.h>

static void *lock_it(void *mutex)
{
    CHECK_EQ(0, pthread_mutex_lock(mutex));
    return NULL;
}

static void *inherit(void *mutex)
{
    printf("a waiter got %s\n", result_name(pthread_mutex_lock(mutex)));
    EXPECT(0, pthread_mutex_consistent(mutex));
    EXPECT(0, pthread_mutex_unlock(mutex));
    return NULL;
}

static void *hold_and_die(void *mutex)
{
    CHECK_EQ(0, pthread_mutex_lock(mutex));
    sleep_ms(30);
    return NULL;
}

static void owner_dies(pthread_mutex_t *m, const struct kind *kind)
{
    struct timespec soon = in_ms(CLOCK_REALTIME, 10000);

    init_kind(m, kind);
    SHOW(pthread_mutex_consistent(m));
    join(go(lock_it, m));
    EXPECT(EOWNERDEAD, pthread_mutex_trylock(m));
    EXPECT(0, pthread_mutex_consistent(m));
    EXPECT(0, pthread_mutex_unlock(m));
    join(go(lock_it, m));
    EXPECT(EOWNERDEAD, pthread_mutex_timedlock(m, &soon));
    EXPECT(0, pthread_mutex_unlock(m));
    EXPECT(ENOTRECOVERABLE, pthread_mutex_lock(m));
    EXPECT(ENOTRECOVERABLE, pthread_mutex_timedlock(m, &soon));
    EXPECT(ENOTRECOVERABLE, pthread_mutex_trylock(m)); /* the last one: glibc 2.36 keeps the word locked after it */
    EXPECT(0, pthread_mutex_destroy(m));
}

static void owner_dies_under_waiter(pthread_mutex_t *m, const struct kind *kind)
{
    init_kind(m, kind);
    pthread_t owner = go(hold_and_die, m);
    while (pthread_mutex_trylock(m) == 0) {
        CHECK_EQ(0, pthread_mutex_unlock(m));
        sched_yield();
    }
    pthread_t waiter = go(inherit, m);
    join(owner);
    join(waiter);
}

static void process_dies(const struct kind *kind)
{
    pthread_mutex_t *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(m != MAP_FAILED);
    init_kind(m, kind);
    pid_t pid = fork_child();
    if (pid == 0) {
        CHECK_EQ(0, pthread_mutex_lock(m));
        _exit(0);
    }
    reap(pid);
    EXPECT(EOWNERDEAD, pthread_mutex_lock(m));
    EXPECT(0, pthread_mutex_consistent(m));
    EXPECT(0, pthread_mutex_unlock(m));
    contend(m, 4, 1000);
}

int main(void)
{
    pthread_mutex_t m, plain = PTHREAD_MUTEX_INITIALIZER;

    begin();
    EXPECT(EINVAL, pthread_mutex_consistent(&plain));
    for (int k = 0; k < KINDS; k++) {
        if (!kinds[k].robust)
            continue;
        printf("%s\n", kinds[k].name);
        owner_dies(&m, &kinds[k]);
        owner_dies_under_waiter(&m, &kinds[k]);
        if (kinds[k].pshared)
            process_dies(&kinds[k]);
    }
    return 0;
}
