/* SPDX-License-Identifier: MIT */
/*
 * Description: a program whose references carry the symbol versions of glibc before 2.34 reaches the drop-in too, and
 * works.
 * Holds: glibc's compatibility symbols (pthread_create@GLIBC_2.2.5 and others, moved from libpthread to libc in
 * 2.34).
 */
#include "check.h"

#ifdef __x86_64__

#include <dlfcn.h>

/* clang-format off */
#define OLD(name, version) __asm__(".symver old_" #name ",pthread_" #name "@" version)
/* clang-format on */

extern int old_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
extern int old_mutex_lock(pthread_mutex_t *);
extern int old_mutex_unlock(pthread_mutex_t *);
extern int old_mutex_trylock(pthread_mutex_t *);
extern int old_mutex_timedlock(pthread_mutex_t *, const struct timespec *);
extern int old_mutex_clocklock(pthread_mutex_t *, clockid_t, const struct timespec *);
extern int old_cond_wait(pthread_cond_t *, pthread_mutex_t *);
extern int old_cond_signal(pthread_cond_t *);
extern int old_cond_clockwait(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
OLD(create, "GLIBC_2.2.5");
OLD(mutex_lock, "GLIBC_2.2.5");
OLD(mutex_unlock, "GLIBC_2.2.5");
OLD(mutex_trylock, "GLIBC_2.2.5");
OLD(mutex_timedlock, "GLIBC_2.2.5");
OLD(mutex_clocklock, "GLIBC_2.30");
OLD(cond_wait, "GLIBC_2.2.5");
OLD(cond_signal, "GLIBC_2.2.5");
OLD(cond_clockwait, "GLIBC_2.30");

enum { THREADS = 6, ROUNDS = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile long counter;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void reaches(const char *name, void *function)
{
    const char *want = getenv("ONCPU_TEST_PRELOADED") ? base_name(getenv("ONCPU_TEST_DROPIN")) : "libc.so.6";
    Dl_info info;

    CHECK(dladdr(function, &info) != 0);
    if (strcmp(base_name(info.dli_fname), want) != 0) {
        dprintf(2, "%s leads to %s, not to %s\n", name, info.dli_fname, want);
        _exit(1);
    }
    printf("%s leads to the library that should have it\n", name);
}

static int take(int how)
{
    struct timespec at = in_ms(CLOCK_REALTIME, 60000);

    switch (how % 4) {
    case 0:
        return old_mutex_trylock(&mutex) == 0 ? 0 : old_mutex_lock(&mutex);
    case 1:
        return old_mutex_timedlock(&mutex, &at);
    case 2:
        return old_mutex_clocklock(&mutex, CLOCK_REALTIME, &at);
    default:
        return old_mutex_lock(&mutex);
    }
}

static void *work(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(0, take(i));
        long seen = counter;
        if (i % 64 == 0)
            sched_yield();
        counter = seen + 1;
        CHECK_EQ(0, old_mutex_unlock(&mutex));
    }
    return arg;
}

/* The oldest condition variables are another type: a pointer to the real one, allocated at the first use. */
static union {
    pthread_cond_t space;
    void *pointer;
} old_cond;
static int letters;

static void *deliver(void *arg)
{
    CHECK_EQ(0, old_mutex_lock(&mutex));
    letters++;
    CHECK_EQ(0, old_cond_signal(&old_cond.space));
    CHECK_EQ(0, old_mutex_unlock(&mutex));
    return arg;
}

static void old_conditions(void)
{
    const struct timespec past = {1, 0};
    pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    pthread_t thread;

    CHECK_EQ(0, old_mutex_lock(&mutex));
    CHECK_EQ(0, old_create(&thread, NULL, deliver, NULL));
    while (letters == 0)
        CHECK_EQ(0, old_cond_wait(&old_cond.space, &mutex));
    CHECK_EQ(ETIMEDOUT, old_cond_clockwait(&never, &mutex, CLOCK_MONOTONIC, &past));
    CHECK_EQ(0, old_mutex_unlock(&mutex));
    join(thread);
}

int main(void)
{
    pthread_t threads[THREADS];

    begin();
    reaches("pthread_create", (void *)old_create);
    reaches("pthread_mutex_lock", (void *)old_mutex_lock);
    reaches("pthread_mutex_unlock", (void *)old_mutex_unlock);
    reaches("pthread_mutex_trylock", (void *)old_mutex_trylock);
    reaches("pthread_mutex_timedlock", (void *)old_mutex_timedlock);
    reaches("pthread_mutex_clocklock", (void *)old_mutex_clocklock);
    reaches("the default pthread_mutex_trylock", (void *)pthread_mutex_trylock);
    reaches("the default pthread_mutex_timedlock", (void *)pthread_mutex_timedlock);
    reaches("the default pthread_create", (void *)pthread_create);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(0, old_create(&threads[i], NULL, work, NULL));
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK_EQ(THREADS * ROUNDS, counter);
    old_conditions();
    return 0;
}

#else

int main(void)
{
    begin();
    skip("this machine's glibc never had older versions of these symbols");
}

#endif
