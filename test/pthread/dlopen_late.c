/* SPDX-License-Identifier: MIT */
/*
 * Description: the drop-in is loaded while mutexes are held and waited for; its functions and libc's then work on the
 * same mutexes; it is closed while threads that used it still run.
 * Holds: POSIX XSH dlopen, dlclose; the drop-in's promise that a mutex is a valid glibc mutex at every instant.
 */
#include "fields.h"
#include <dlfcn.h>

enum { THREADS = 6, ROUNDS = 2000 };

typedef int mutex_fn(pthread_mutex_t *);
typedef int timed_fn(pthread_mutex_t *, const struct timespec *);

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER, mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t used, closed;
static volatile long counter;
static mutex_fn *late_lock, *late_unlock, *late_trylock;
static timed_fn *late_timedlock;

static void *wait_for_held(void *arg)
{
    CHECK_EQ(0, pthread_mutex_lock(&held));
    CHECK_EQ(0, pthread_mutex_unlock(&held));
    return arg;
}

static int take(long how)
{
    struct timespec at;

    switch (how % 4) {
    case 0:
        return late_lock(&mutex);
    case 1:
        at = in_ms(CLOCK_REALTIME, 60000);
        return late_timedlock(&mutex, &at);
    case 2:
        return late_trylock(&mutex) == 0 ? 0 : late_lock(&mutex);
    default:
        return pthread_mutex_lock(&mutex);
    }
}

static void *use(void *arg)
{
    for (long i = 0; i < ROUNDS; i++) {
        CHECK_EQ(0, take(i + (intptr_t)arg));
        long seen = counter;
        if (i % 64 == 0)
            sched_yield();
        counter = seen + 1;
        CHECK_EQ(0, i % 3 ? late_unlock(&mutex) : pthread_mutex_unlock(&mutex));
    }
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&closed);
    CHECK_EQ(0, pthread_mutex_lock(&mutex));
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    return NULL;
}

static void *symbol(void *handle, const char *name)
{
    void *found = dlsym(handle, name);

    CHECK(found != NULL);
    return found;
}

static void load(const char *path, int flags, void **handle)
{
    *handle = dlopen(path, flags);
    if (!*handle)
        dprintf(2, "%s\n", dlerror());
    CHECK(*handle != NULL);
    late_lock = (mutex_fn *)symbol(*handle, "pthread_mutex_lock");
    late_unlock = (mutex_fn *)symbol(*handle, "pthread_mutex_unlock");
    late_trylock = (mutex_fn *)symbol(*handle, "pthread_mutex_trylock");
    late_timedlock = (timed_fn *)symbol(*handle, "pthread_mutex_timedlock");
}

static void scene(const char *path, int flags)
{
    pthread_t waiters[2], threads[THREADS];
    void *handle;

    CHECK_EQ(0, pthread_barrier_init(&used, NULL, THREADS + 1));
    CHECK_EQ(0, pthread_barrier_init(&closed, NULL, THREADS + 1));
    CHECK_EQ(0, pthread_mutex_lock(&held));
    for (int i = 0; i < 2; i++)
        waiters[i] = go(wait_for_held, NULL);
    sleep_ms(10);
    load(path, flags, &handle);
    CHECK_EQ(EBUSY, late_trylock(&held));
    CHECK_EQ(0, late_unlock(&held));
    for (int i = 0; i < 2; i++)
        join(waiters[i]);
    show_fields("held before, unlocked after", &held);
    for (intptr_t i = 0; i < THREADS; i++)
        threads[i] = go(use, (void *)i);
    pthread_barrier_wait(&used);
    CHECK_EQ(0, dlclose(handle));
    pthread_barrier_wait(&closed);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK_EQ(THREADS * ROUNDS, counter);
    show_fields("used", &mutex);
    contend(&mutex, 4, 1000);
}

int main(void)
{
    static const int flags[] = {RTLD_LAZY, RTLD_LAZY | RTLD_GLOBAL, RTLD_NOW | RTLD_GLOBAL | RTLD_DEEPBIND};
    const char *path = getenv("ONCPU_TEST_DROPIN");

    begin();
    if (!path || !*path)
        skip("ONCPU_TEST_DROPIN is not set");
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        pid_t pid = fork_child();
        if (pid == 0) {
            scene(path, flags[i]);
            exit(0);
        }
        reap(pid);
    }
    return 0;
}
