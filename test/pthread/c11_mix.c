/* SPDX-License-Identifier: MIT */
/*
 * Description: C11 mtx_*, cnd_* and thrd_* work on the same object as pthread_*: whoever locks, the other one sees it.
 * Holds: ISO C11 7.26; glibc threads.h (mtx_t is a pthread_mutex_t inside, cnd_t a pthread_cond_t).
 */
#include "fields.h"
#include <threads.h>

enum { THREADS = 6, ROUNDS = 4000 };

static union {
    mtx_t c11;
    pthread_mutex_t posix;
} m;

static union {
    cnd_t c11;
    pthread_cond_t posix;
} moved;

static volatile long counter;

static int work(void *arg)
{
    int how = *(int *)arg;

    for (int i = 0; i < ROUNDS; i++) {
        if ((i + how) % 2)
            CHECK_EQ(thrd_success, mtx_lock(&m.c11));
        else
            CHECK_EQ(0, pthread_mutex_lock(&m.posix));
        long seen = counter;
        if (i % 64 == 0)
            thrd_yield();
        counter = seen + 1;
        if (i % 3)
            CHECK_EQ(thrd_success, mtx_unlock(&m.c11));
        else
            CHECK_EQ(0, pthread_mutex_unlock(&m.posix));
    }
    return how;
}

static void contended(void)
{
    thrd_t threads[THREADS];
    int how[THREADS], result;

    counter = 0;
    for (int i = 0; i < THREADS; i++) {
        how[i] = i;
        CHECK_EQ(thrd_success, thrd_create(&threads[i], work, &how[i]));
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(thrd_success, thrd_join(threads[i], &result));
        CHECK_EQ(i, result);
    }
    CHECK_EQ(THREADS * ROUNDS, counter);
}

static int answer(void *arg)
{
    CHECK_EQ(thrd_success, mtx_lock(&m.c11));
    while (counter != 1)
        CHECK_EQ(thrd_success, cnd_wait(&moved.c11, &m.c11));
    counter = 2;
    CHECK_EQ(0, pthread_cond_broadcast(&moved.posix));
    CHECK_EQ(0, pthread_mutex_unlock(&m.posix));
    return arg != NULL;
}

static void waits(void)
{
    struct timespec past = {1, 0};
    thrd_t thread;

    counter = 0;
    CHECK_EQ(thrd_success, cnd_init(&moved.c11));
    CHECK_EQ(thrd_success, thrd_create(&thread, answer, NULL));
    CHECK_EQ(thrd_success, mtx_lock(&m.c11));
    counter = 1;
    CHECK_EQ(thrd_success, cnd_broadcast(&moved.c11));
    while (counter != 2)
        CHECK_EQ(0, pthread_cond_wait(&moved.posix, &m.posix));
    CHECK_EQ(thrd_timedout, cnd_timedwait(&moved.c11, &m.c11, &past));
    CHECK_EQ(0, pthread_mutex_unlock(&m.posix));
    CHECK_EQ(thrd_success, thrd_join(thread, NULL));
    cnd_destroy(&moved.c11);
}

static void returns(int type)
{
    struct timespec past = {1, 0};

    CHECK_EQ(0, pthread_mutex_lock(&m.posix));
    printf("held by pthread: mtx_trylock %d\n", mtx_trylock(&m.c11));
    printf("held by pthread: mtx_timedlock %d\n", mtx_timedlock(&m.c11, &past));
    show_fields("held", &m.posix);
    while (m.posix.__data.__owner)
        CHECK_EQ(thrd_success, mtx_unlock(&m.c11));
    CHECK_EQ(thrd_success, mtx_lock(&m.c11));
    SHOW(pthread_mutex_trylock(&m.posix));
    show_fields("held by mtx_lock", &m.posix);
    while (m.posix.__data.__owner)
        CHECK_EQ(0, pthread_mutex_unlock(&m.posix));
    if (type & mtx_recursive)
        printf("free: mtx_unlock %d\n", mtx_unlock(&m.c11));
}

int main(void)
{
    static const int types[] = {mtx_plain, mtx_timed, mtx_plain | mtx_recursive, mtx_timed | mtx_recursive};

    begin();
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        printf("type %d\n", types[i]);
        CHECK_EQ(thrd_success, mtx_init(&m.c11, types[i]));
        returns(types[i]);
        contended();
        waits();
        show_fields("at the end", &m.posix);
        mtx_destroy(&m.c11);
    }
    return 0;
}
