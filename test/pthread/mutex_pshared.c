/* SPDX-License-Identifier: MIT */
/*
 * Description: mutexes in shared memory, contended by threads of several processes; the mapping differs from one to
 * another.
 * Holds: POSIX XSH pthread_mutexattr_setpshared.
 */
#include "kinds.h"
#include <sys/mman.h>

enum { PROCESSES = 3, THREADS = 3, ROUNDS = 1500 };

struct shared {
    pthread_mutex_t mutex;
    volatile long counter;
};

static void *work(void *arg)
{
    struct shared *s = arg;

    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(0, pthread_mutex_lock(&s->mutex));
        long seen = s->counter;
        if (i % 64 == 0)
            sched_yield();
        s->counter = seen + 1;
        CHECK_EQ(0, pthread_mutex_unlock(&s->mutex));
    }
    return NULL;
}

static struct shared *map(int fd)
{
    void *at = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    CHECK(at != MAP_FAILED);
    return at;
}

static void child(int fd)
{
    struct shared *s = map(fd);
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        threads[i] = go(work, s);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    exit(0);
}

int main(void)
{
    begin();
    for (int k = 0; k < KINDS; k++) {
        if (!kinds[k].pshared)
            continue;
        int fd = memfd_create("shared", MFD_CLOEXEC);
        CHECK(fd >= 0);
        CHECK_EQ(0, ftruncate(fd, sizeof(struct shared)));
        struct shared *s = map(fd);
        init_kind(&s->mutex, &kinds[k]);
        pid_t children[PROCESSES];
        for (int i = 0; i < PROCESSES; i++)
            if ((children[i] = fork_child()) == 0)
                child(fd);
        for (int i = 0; i < PROCESSES; i++)
            reap(children[i]);
        CHECK_EQ(PROCESSES * THREADS * ROUNDS, s->counter);
        printf("%s: exact\n", kinds[k].name);
        CHECK_EQ(0, pthread_mutex_destroy(&s->mutex));
        close(fd);
    }
    return 0;
}
