/* SPDX-License-Identifier: MIT */
/*
 * Description: pthread_create hands arguments, results, attributes and errors through, whatever a drop-in wraps
 * around it.
 * Holds: POSIX XSH pthread_create, pthread_join, pthread_exit, pthread_detach, pthread_cancel.
 */
#include "check.h"
#include <semaphore.h>

static sem_t done;

static void *identity(void *arg)
{
    return arg;
}

static void *leave(void *arg)
{
    pthread_exit(arg);
}

static void *detached(void *arg)
{
    sem_post(&done);
    return arg;
}

static void *sleep_for_ever(void *arg)
{
    pause();
    return arg;
}

static void *stack_size(void *arg)
{
    pthread_attr_t attr;
    size_t size;

    CHECK_EQ(0, pthread_getattr_np(pthread_self(), &attr));
    CHECK_EQ(0, pthread_attr_getstacksize(&attr, &size));
    printf("stack %zu\n", size);
    CHECK_EQ(0, pthread_attr_destroy(&attr));
    return arg;
}

static void results(void)
{
    int mark;
    void *result;

    pthread_t thread = go(identity, &mark);
    CHECK_EQ(0, pthread_join(thread, &result));
    CHECK(result == &mark);
    thread = go(leave, &mark);
    CHECK_EQ(0, pthread_join(thread, &result));
    CHECK(result == &mark);
    thread = go(sleep_for_ever, NULL);
    EXPECT(EBUSY, pthread_tryjoin_np(thread, &result));
    CHECK_EQ(0, pthread_cancel(thread));
    CHECK_EQ(0, pthread_join(thread, &result));
    CHECK(result == PTHREAD_CANCELED);
    EXPECT(EDEADLK, pthread_join(pthread_self(), NULL));
}

static void attributes(void)
{
    pthread_attr_t attr;
    pthread_t thread;

    CHECK_EQ(0, pthread_attr_init(&attr));
    CHECK_EQ(0, pthread_attr_setstacksize(&attr, 1 << 20));
    CHECK_EQ(0, pthread_create(&thread, &attr, stack_size, NULL));
    join(thread);
    CHECK_EQ(0, pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED));
    CHECK_EQ(0, sem_init(&done, 0, 0));
    CHECK_EQ(0, pthread_create(&thread, &attr, detached, NULL));
    while (sem_wait(&done) != 0)
        continue;
    CHECK_EQ(0, pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_JOINABLE));
    CHECK_EQ(0, pthread_attr_setstacksize(&attr, (size_t)1 << 46));
    EXPECT(EAGAIN, pthread_create(&thread, &attr, identity, NULL));
    CHECK_EQ(0, pthread_attr_destroy(&attr));
}

int main(void)
{
    begin();
    results();
    attributes();
    return 0;
}
