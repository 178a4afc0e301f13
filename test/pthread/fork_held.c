/* SPDX-License-Identifier: MIT */
/*
 * Description: fork while the caller holds mutexes, others wait for them, and threads contend: the child finds the
 * mutexes as libc leaves them, can release and use them, and make threads.
 * Holds: POSIX XSH fork; glibc fork (the child's only thread has a new id, the mutexes carry the old one).
 */
#include "fields.h"
#include "kinds.h"

enum { WAITERS = 3, FORKS = 20 };

static pthread_mutex_t busy = PTHREAD_MUTEX_INITIALIZER;
static int stop;

static void *wait_for_it(void *mutex)
{
    CHECK_EQ(0, pthread_mutex_lock(mutex));
    CHECK_EQ(0, pthread_mutex_unlock(mutex));
    return NULL;
}

static void in_child(pthread_mutex_t *held)
{
    const struct timespec past = {1, 0};

    show_fields("child", held);
    SHOW(pthread_mutex_trylock(held));
    SHOW(pthread_mutex_timedlock(held, &past));
    SHOW(pthread_mutex_unlock(held));
    show_fields("child, after unlock", held);
    if (pthread_mutex_trylock(held) == 0) {
        CHECK_EQ(0, pthread_mutex_unlock(held));
        contend(held, 4, 1000);
    }
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    contend(&fresh, 4, 1000);
}

static void held_by_caller(int type)
{
    pthread_t waiters[WAITERS];
    pthread_mutex_t mutex;

    printf("type %d\n", type);
    init_type(&mutex, type);
    CHECK_EQ(0, pthread_mutex_lock(&mutex));
    for (int i = 0; i < WAITERS; i++)
        waiters[i] = go(wait_for_it, &mutex);
    while (__atomic_load_n(&mutex.__data.__lock, __ATOMIC_RELAXED) != 2) /* until somebody sleeps; orders nothing */
        sched_yield();
    pid_t pid = fork_child();
    if (pid == 0) {
        in_child(&mutex);
        exit(0);
    }
    reap(pid);
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    for (int i = 0; i < WAITERS; i++)
        join(waiters[i]);
    show_fields("parent", &mutex);
}

static void *keep_busy(void *arg)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) { /* with the store in among_contenders(); orders nothing */
        CHECK_EQ(0, pthread_mutex_lock(&busy));
        sched_yield();
        CHECK_EQ(0, pthread_mutex_unlock(&busy));
    }
    return arg;
}

static void among_contenders(void)
{
    pthread_t threads[WAITERS];

    for (int i = 0; i < WAITERS; i++)
        threads[i] = go(keep_busy, NULL);
    for (int i = 0; i < FORKS; i++) {
        CHECK_EQ(0, pthread_mutex_lock(&busy));
        pid_t pid = fork_child();
        CHECK_EQ(0, pthread_mutex_unlock(&busy));
        if (pid == 0) {
            contend(&busy, 4, 300);
            exit(0);
        }
        reap(pid);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED); /* with the load in keep_busy() */
    for (int i = 0; i < WAITERS; i++)
        join(threads[i]);
}

int main(void)
{
    begin();
    for (int type = TYPE_DEFAULT; type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++)
        held_by_caller(type);
    among_contenders();
    return 0;
}
