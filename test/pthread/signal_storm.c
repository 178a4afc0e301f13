/* SPDX-License-Identifier: MIT */
/*
 * Description: a thousand signals a second, with and without SA_RESTART, whose handler posts a semaphore or does
 * nothing: no lock returns EINTR, none is lost, errno stays.
 * Holds: POSIX XSH pthread_mutex_lock ("resume waiting for the mutex as if it was not interrupted"; "shall not return
 * [EINTR]").
 */
#include "check.h"
#include <semaphore.h>
#include <signal.h>
#include <sys/time.h>

enum { THREADS = 5, RUN_MS = 250 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static sem_t posted;
static volatile long counter;
static long done[THREADS];
static int stop;

static void post(int signal)
{
    (void)signal;
    sem_post(&posted);
}

static void do_nothing(int signal)
{
    (void)signal;
}

static int take(int how)
{
    struct timespec at;
    int result;

    switch (how % 4) {
    case 0:
        at = in_ms(CLOCK_REALTIME, 60000);
        return pthread_mutex_timedlock(&mutex, &at);
    case 1:
        at = in_ms(CLOCK_MONOTONIC, 1);
        result = pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &at);
        CHECK(result == 0 || result == ETIMEDOUT);
        return result == 0 ? 0 : pthread_mutex_lock(&mutex);
    default:
        return pthread_mutex_lock(&mutex);
    }
}

static void sleep_us(long us)
{
    const struct timespec span = {0, us * 1000};

    nanosleep(&span, NULL); /* as short as the signals make it */
}

static void *work(void *arg)
{
    long *mine = arg;

    for (int i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) { /* with the store in storm(); orders nothing */
        errno = 0;
        CHECK_EQ(0, take(i));
        CHECK_EQ(0, errno);
        long seen = counter;
        if (i % 8 == 0)
            sleep_us(50);
        counter = seen + 1;
        if (i % 64 == 0) {
            struct timespec at = in_ms(CLOCK_REALTIME, 1);
            int result = pthread_cond_timedwait(&moved, &mutex, &at);
            CHECK(result == 0 || result == ETIMEDOUT);
        }
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
        ++*mine;
    }
    return NULL;
}

static void set_timer(long period_us)
{
    const struct itimerval timer = {{0, period_us}, {0, period_us}};

    CHECK_EQ(0, setitimer(ITIMER_REAL, &timer, NULL));
}

static void storm(void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    pthread_t threads[THREADS];
    sigset_t alarms;
    long sum = 0;

    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    CHECK_EQ(0, sigaction(SIGALRM, &action, NULL));
    counter = 0;
    __atomic_store_n(&stop, 0, __ATOMIC_RELAXED); /* no reader yet */
    set_timer(1000);
    for (int i = 0; i < THREADS; i++) {
        done[i] = 0;
        threads[i] = go(work, &done[i]);
    }
    CHECK_EQ(0, pthread_sigmask(SIG_BLOCK, &alarms, NULL)); /* the kernel prefers the main thread otherwise */
    sleep_ms(RUN_MS);
    CHECK_EQ(0, pthread_sigmask(SIG_UNBLOCK, &alarms, NULL));
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED); /* with the load in work() */
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    set_timer(0);
    for (int i = 0; i < THREADS; i++)
        sum += done[i];
    CHECK_EQ(sum, counter);
    CHECK(sum > 0);
}

/* SIGALRM is the storm here, so the time limit is another timer's, and another signal's. */
static void limit_time(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    const struct itimerspec limit = {{0, 0}, {TIME_LIMIT_S, 0}};
    timer_t timer;

    alarm(0);
    CHECK_EQ(0, timer_create(CLOCK_MONOTONIC, &event, &timer));
    CHECK_EQ(0, timer_settime(timer, 0, &limit, NULL));
}

int main(void)
{
    begin();
    limit_time();
    CHECK_EQ(0, sem_init(&posted, 0, 0));
    storm(do_nothing, 0);
    storm(do_nothing, SA_RESTART);
    storm(post, 0);
    storm(post, SA_RESTART);
    int value;
    CHECK_EQ(0, sem_getvalue(&posted, &value));
    CHECK(value > 0);
    return 0;
}
