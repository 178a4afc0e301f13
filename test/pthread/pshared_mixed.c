/* SPDX-License-Identifier: MIT */
/*
 * Description: one mutex in shared memory, contended by processes with the drop-in and without it, in all roles; and while that
 * goes on, with rubbish in the fields that glibc does not use in it.
 * Holds: POSIX XSH pthread_mutexattr_setpshared; a process need not know what another one has preloaded.
 */
#include "kinds.h"
#include <sys/mman.h>

enum { PROCESSES = 4, THREADS = 3, ROUNDS = 3000 };

struct shared {
    pthread_mutex_t mutex;
    volatile long counter;
    int ready;
    int finished;
};

static struct shared *map(int fd)
{
    void *at = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    CHECK(at != MAP_FAILED);
    return (struct shared *)at;
}

static int take(pthread_mutex_t *mutex, int i)
{
    struct timespec far = in_ms(CLOCK_REALTIME, 50000);
    struct timespec past = {1, 0};

    switch (i % 4) {
    case 1:
        return pthread_mutex_timedlock(mutex, &far);
    case 2:
        while (pthread_mutex_trylock(mutex) != 0)
            sched_yield();
        return 0;
    case 3:
        if (pthread_mutex_timedlock(mutex, &past) == 0)
            return 0;
    }
    return pthread_mutex_lock(mutex);
}

static void *work(void *arg)
{
    struct shared *s = arg;

    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(0, take(&s->mutex, i));
        long seen = s->counter;
        if (i % 64 == 0)
            sched_yield();
        s->counter = seen + 1;
        CHECK_EQ(0, pthread_mutex_unlock(&s->mutex));
    }
    return NULL;
}

static void *write_rubbish(void *arg)
{
    struct shared *s = arg;
    uint64_t *fields = (uint64_t *)&s->mutex.__data.__list;
    uint64_t seed = 88172645463325252u;

    while (__atomic_load_n(&s->finished, __ATOMIC_RELAXED) < PROCESSES) {
        for (size_t i = 0; i < sizeof(s->mutex.__data.__list) / sizeof(*fields); i++) {
            seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
            __atomic_store_n(&fields[i], seed % 4 ? seed : seed % 4096 << 32, __ATOMIC_RELAXED);
        }
        sched_yield();
    }
    return NULL;
}

static int child(int fd)
{
    struct shared *s = map(fd);
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        threads[i] = go(work, s);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    __atomic_fetch_add(&s->finished, 1, __ATOMIC_RELAXED);
    return 0;
}

/* Every second one without the drop-in, if this one has it. */
static pid_t start(const char *program, int fd, int number)
{
    pid_t pid = fork_child();
    char text[16];

    if (pid)
        return pid;
    if (number % 2)
        unsetenv("LD_PRELOAD");
    else if (getenv("ONCPU_TEST_PRELOADED"))
        setenv("LD_PRELOAD", getenv("ONCPU_TEST_DROPIN"), 1);
    snprintf(text, sizeof(text), "%d", fd);
    execl("/proc/self/exe", program, text, (char *)NULL);
    _exit(1);
}

static void contend_between(const char *program, const struct kind *kind, int rubbish)
{
    int fd = memfd_create("shared", 0);
    struct shared *s;
    pid_t pids[PROCESSES];
    pthread_t writer;

    CHECK(fd >= 0);
    CHECK_EQ(0, ftruncate(fd, sizeof(struct shared)));
    s = map(fd);
    init_kind(&s->mutex, kind);
    for (int i = 0; i < PROCESSES; i++)
        pids[i] = start(program, fd, i);
    if (rubbish)
        writer = go(write_rubbish, s);
    for (int i = 0; i < PROCESSES; i++)
        reap(pids[i]);
    if (rubbish)
        join(writer);
    CHECK_EQ((long)PROCESSES * THREADS * ROUNDS, s->counter);
    CHECK_EQ(0, s->mutex.__data.__lock);
    printf("%s%s: exact\n", kind->name, rubbish ? ", with rubbish" : "");
    munmap(s, sizeof(*s));
    close(fd);
}

int main(int argc, char **argv)
{
    begin();
    if (argc > 1)
        return child(atoi(argv[1]));
    for (int k = 0; k < KINDS; k++) {
        if (!kinds[k].pshared || kinds[k].protocol != PTHREAD_PRIO_NONE)
            continue;
        contend_between(argv[0], &kinds[k], 0);
        if (!kinds[k].robust)
            contend_between(argv[0], &kinds[k], 1);
    }
    return 0;
}
