/* SPDX-License-Identifier: MIT */
/*
 * Description: a thread is cancelled while it waits, or while it takes the mutex again: its cleanup handler owns the
 * mutex.
 * Holds: POSIX XSH pthread_cond_wait ("the mutex is (in effect) re-acquired before calling the first cancellation
 * cleanup handler"); pthread_mutex_lock is no cancellation point (XSH 2.9.5.2).
 */
#include "fields.h"
#include "kinds.h"

enum { ROUNDS = 200 };

struct scene {
    pthread_mutex_t mutex;
    pthread_cond_t never;
    int ready, cleaned, timed;
};

static void clean_up(void *arg)
{
    struct scene *s = arg;

    CHECK_EQ(gettid(), s->mutex.__data.__owner);
    CHECK(s->mutex.__data.__lock != 0);
    s->cleaned++;
    CHECK_EQ(0, pthread_mutex_unlock(&s->mutex));
}

static void *wait_for_ever(void *arg)
{
    struct scene *s = arg;
    struct timespec at = in_ms(CLOCK_REALTIME, 50000);

    CHECK_EQ(0, pthread_mutex_lock(&s->mutex));
    pthread_cleanup_push(clean_up, s);
    s->ready++;
    for (;;)
        CHECK_EQ(0, s->timed ? pthread_cond_timedwait(&s->never, &s->mutex, &at)
                             : pthread_cond_wait(&s->never, &s->mutex));
    pthread_cleanup_pop(0);
    return NULL;
}

static void wait_until_ready(struct scene *s, int want)
{
    for (int ready = 0; ready < want; sched_yield()) {
        CHECK_EQ(0, pthread_mutex_lock(&s->mutex));
        ready = s->ready;
        CHECK_EQ(0, pthread_mutex_unlock(&s->mutex));
    }
}

/* In every other round the canceller keeps the mutex for a while, so that the cancelled thread must wait for it. */
static void cancel_rounds(struct scene *s)
{
    for (int i = 0; i < ROUNDS; i++) {
        void *result;

        s->ready = s->cleaned = 0;
        s->timed = i % 3 == 0;
        pthread_t thread = go(wait_for_ever, s);
        wait_until_ready(s, 1);
        if (i % 2) {
            CHECK_EQ(0, pthread_mutex_lock(&s->mutex));
            if (i % 4 == 1)
                CHECK_EQ(0, pthread_cond_signal(&s->never));
            CHECK_EQ(0, pthread_cancel(thread));
            if (i % 8 == 1)
                sleep_ms(1);
            CHECK_EQ(0, s->cleaned);
            CHECK_EQ(0, pthread_mutex_unlock(&s->mutex));
        } else {
            CHECK_EQ(0, pthread_cancel(thread));
        }
        CHECK_EQ(0, pthread_join(thread, &result));
        CHECK(result == PTHREAD_CANCELED);
        CHECK_EQ(1, s->cleaned);
    }
    show_fields("after the rounds", &s->mutex);
}

static void *lock_once(void *arg)
{
    struct scene *s = arg;

    __atomic_store_n(&s->ready, 1, __ATOMIC_RELEASE); /* with wait in lock_is_no_cancellation_point() */
    CHECK_EQ(0, pthread_mutex_lock(&s->mutex));
    s->cleaned = 1;
    CHECK_EQ(0, pthread_mutex_unlock(&s->mutex));
    pthread_testcancel();
    return NULL;
}

static void lock_is_no_cancellation_point(struct scene *s)
{
    void *result;

    s->ready = s->cleaned = 0;
    CHECK_EQ(0, pthread_mutex_lock(&s->mutex));
    pthread_t thread = go(lock_once, s);
    while (!__atomic_load_n(&s->ready, __ATOMIC_ACQUIRE)) /* with the store in lock_once() */
        sched_yield();
    sleep_ms(5);
    CHECK_EQ(0, pthread_cancel(thread));
    sleep_ms(5);
    CHECK_EQ(0, pthread_mutex_unlock(&s->mutex));
    CHECK_EQ(0, pthread_join(thread, &result));
    CHECK(result == PTHREAD_CANCELED);
    CHECK_EQ(1, s->cleaned);
}

int main(void)
{
    begin();
    for (int type = TYPE_DEFAULT; type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++) {
        struct scene s = {.never = PTHREAD_COND_INITIALIZER};

        printf("type %d\n", type);
        init_type(&s.mutex, type);
        cancel_rounds(&s);
        lock_is_no_cancellation_point(&s);
        contend(&s.mutex, 4, 1000);
        CHECK_EQ(0, pthread_cond_destroy(&s.never));
        CHECK_EQ(0, pthread_mutex_destroy(&s.mutex));
    }
    return 0;
}
