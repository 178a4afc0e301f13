/* SPDX-License-Identifier: MIT */
/*
 * Description: every return value of every call, for every kind, on a free mutex, one held by the caller, one held by
 * another thread.
 * Holds: POSIX XSH pthread_mutex_lock, _trylock, _timedlock, _clocklock, _unlock, _init, _destroy (RETURN VALUE,
 * ERRORS).
 */
#include "kinds.h"
#include <semaphore.h>

enum { SOON_MS = 20 };

struct holder {
    pthread_mutex_t *mutex;
    sem_t held, release;
};

static void *hold(void *arg)
{
    struct holder *holder = arg;

    CHECK_EQ(0, pthread_mutex_lock(holder->mutex));
    sem_post(&holder->held);
    sem_wait(&holder->release);
    CHECK_EQ(0, pthread_mutex_unlock(holder->mutex));
    return NULL;
}

static const struct timespec past = {1, 0}, zero = {0, 0}, negative = {-1, 0}, below = {1, -1}, above = {1, 1000000000};

static void deadlines(pthread_mutex_t *m, int taken)
{
    static const struct {
        const char *name;
        const struct timespec *at;
    } cases[] = {{"past", &past},
                 {"zero", &zero},
                 {"negative", &negative},
                 {"nanoseconds below", &below},
                 {"nanoseconds above", &above}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int timed = pthread_mutex_timedlock(m, cases[i].at);
        if (timed == 0)
            CHECK_EQ(0, pthread_mutex_unlock(m));
        int real = pthread_mutex_clocklock(m, CLOCK_REALTIME, cases[i].at);
        if (real == 0)
            CHECK_EQ(0, pthread_mutex_unlock(m));
        int monotonic = pthread_mutex_clocklock(m, CLOCK_MONOTONIC, cases[i].at);
        if (monotonic == 0)
            CHECK_EQ(0, pthread_mutex_unlock(m));
        printf("  deadline %s: timedlock %s, ", cases[i].name, result_name(timed));
        printf("clocklock realtime %s, monotonic %s\n", result_name(real), result_name(monotonic));
        CHECK(timed == real && (taken || timed == 0));
    }
}

static void bad_clocks(pthread_mutex_t *m)
{
    const clockid_t clocks[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_BOOTTIME, -1, 12345};

    for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        int result = pthread_mutex_clocklock(m, clocks[i], &past);
        printf("  clocklock by clock %d: %s\n", (int)clocks[i], result_name(result));
        CHECK_EQ(EINVAL, result);
    }
}

static void free_mutex(pthread_mutex_t *m)
{
    printf(" free\n");
    CHECK_EQ(0, pthread_mutex_trylock(m));
    CHECK_EQ(0, pthread_mutex_unlock(m));
    CHECK_EQ(0, pthread_mutex_lock(m));
    CHECK_EQ(0, pthread_mutex_unlock(m));
    deadlines(m, 0);
    bad_clocks(m);
}

/* A second lock of a kind without checks would wait for ever, so it gets a deadline. */
static void held_by_self(pthread_mutex_t *m, const struct kind *kind)
{
    printf(" held by self\n");
    CHECK_EQ(0, pthread_mutex_lock(m));
    int tried = pthread_mutex_trylock(m);
    printf("  trylock %s\n", result_name(tried));
    CHECK((tried == 0) == (kind->type == PTHREAD_MUTEX_RECURSIVE));
    if (tried == 0)
        CHECK_EQ(0, pthread_mutex_unlock(m));
    struct timespec soon = in_ms(CLOCK_REALTIME, SOON_MS);
    int timed = pthread_mutex_timedlock(m, &soon);
    printf("  timedlock %s\n", result_name(timed));
    if (timed == 0)
        CHECK_EQ(0, pthread_mutex_unlock(m));
    if (kind->type == PTHREAD_MUTEX_RECURSIVE || kind->type == PTHREAD_MUTEX_ERRORCHECK) {
        int again = pthread_mutex_lock(m);
        printf("  lock %s\n", result_name(again));
        CHECK_EQ(kind->type == PTHREAD_MUTEX_RECURSIVE ? 0 : EDEADLK, again);
        if (again == 0)
            CHECK_EQ(0, pthread_mutex_unlock(m));
    }
    deadlines(m, 1);
    bad_clocks(m);
    if (!kind->robust) /* those are destroyed unasked */
        printf("  destroy %s\n", result_name(pthread_mutex_destroy(m)));
    CHECK_EQ(0, pthread_mutex_unlock(m));
}

static void held_by_other(pthread_mutex_t *m, const struct kind *kind)
{
    struct holder holder = {.mutex = m};

    printf(" held by another\n");
    sem_init(&holder.held, 0, 0);
    sem_init(&holder.release, 0, 0);
    pthread_t thread = go(hold, &holder);
    sem_wait(&holder.held);
    CHECK_EQ(EBUSY, pthread_mutex_trylock(m));
    deadlines(m, 1);
    bad_clocks(m);
    struct timespec soon = in_ms(CLOCK_REALTIME, SOON_MS);
    CHECK_EQ(ETIMEDOUT, pthread_mutex_timedlock(m, &soon));
    soon = in_ms(CLOCK_REALTIME, SOON_MS);
    CHECK_EQ(ETIMEDOUT, pthread_mutex_clocklock(m, CLOCK_REALTIME, &soon));
    soon = in_ms(CLOCK_MONOTONIC, SOON_MS);
    printf("  clocklock monotonic %s\n", result_name(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &soon)));
    if (kind->robust || kind->type == PTHREAD_MUTEX_RECURSIVE || kind->type == PTHREAD_MUTEX_ERRORCHECK)
        CHECK_EQ(EPERM, pthread_mutex_unlock(m));
    if (!kind->robust)
        printf("  destroy %s\n", result_name(pthread_mutex_destroy(m)));
    sem_post(&holder.release);
    join(thread);
}

static void not_held(pthread_mutex_t *m, const struct kind *kind)
{
    if (kind->robust || kind->type == PTHREAD_MUTEX_RECURSIVE || kind->type == PTHREAD_MUTEX_ERRORCHECK)
        CHECK_EQ(EPERM, pthread_mutex_unlock(m));
    CHECK_EQ(0, pthread_mutex_lock(m));
    CHECK_EQ(0, pthread_mutex_unlock(m));
    CHECK_EQ(0, pthread_mutex_destroy(m));
}

int main(void)
{
    begin();
    for (int k = 0; k < KINDS; k++) {
        pthread_mutex_t mutex;

        printf("%s\n", kinds[k].name);
        init_kind(&mutex, &kinds[k]);
        free_mutex(&mutex);
        held_by_self(&mutex, &kinds[k]);
        held_by_other(&mutex, &kinds[k]);
        not_held(&mutex, &kinds[k]);
    }
    return 0;
}
