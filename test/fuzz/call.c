/* SPDX-License-Identifier: MIT */
/* Turns a step into calls of pthread functions. */
#include "call.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int call_init(const struct step *step, pthread_mutex_t *mutex, const struct functions *use)
{
    const struct attributes a = fuzz_attributes(step);
    const pthread_mutex_t before = *mutex;
    pthread_mutexattr_t attr;
    int error;

    pthread_mutexattr_init(&attr);
    if (a.type >= 0)
        pthread_mutexattr_settype(&attr, a.type);
    pthread_mutexattr_setrobust(&attr, a.robust);
    pthread_mutexattr_setprotocol(&attr, a.protocol);
    pthread_mutexattr_setpshared(&attr, a.pshared);
    if (a.ceiling)
        pthread_mutexattr_setprioceiling(&attr, a.ceiling);
    memset(mutex, 0xa5, sizeof(*mutex));
    error = use->init(mutex, &attr);
    if (error)
        *mutex = before;
    pthread_mutexattr_destroy(&attr);
    return error;
}

static int call_static(const struct step *step, pthread_mutex_t *mutex)
{
    static const pthread_mutex_t initializers[] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP,
                                                   PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP,
                                                   PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP};

    *mutex = initializers[step->arg % 4];
    return 0;
}

static int call_raw_kind(const struct step *step, pthread_mutex_t *mutex)
{
    memset(mutex, 0, sizeof(*mutex));
    mutex->__data.__kind = fuzz_raw_kind(step);
    return 0;
}

static int call_clocklock(const struct step *step, pthread_mutex_t *mutex, const struct functions *use)
{
    const struct timespec time = fuzz_time(step);

    return step->op == OP_TIMEDLOCK ? use->timedlock(mutex, &time) : use->clocklock(mutex, step->clock, &time);
}

static int call_getceiling(pthread_mutex_t *mutex, const struct functions *use)
{
    int ceiling = -1;
    int error = use->getprioceiling(mutex, &ceiling);

    return error ? error : 1000 + ceiling;
}

static int call_setceiling(const struct step *step, pthread_mutex_t *mutex, const struct functions *use)
{
    int old = -1;
    int error = use->setprioceiling(mutex, fuzz_ceiling(step), &old);

    return error ? error : 1000 + old;
}

/* A recursive mutex cannot be locked 2^32 times in a test. */
static int call_deepen(const struct step *step, pthread_mutex_t *mutex)
{
    mutex->__data.__count = UINT_MAX - step->arg % 2;
    return 0;
}

static int call_cond(pthread_mutex_t *mutex, const struct functions *use)
{
    static const struct timespec past = {0, 1};
    pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

    return use->cond_clockwait(&cond, mutex, CLOCK_MONOTONIC, &past);
}

/* Three bits for a result; 7: one that should not come. */
static unsigned int as_bits(int error)
{
    static const int errors[] = {0, EPERM, EBUSY, EINVAL, EOWNERDEAD, ENOTRECOVERABLE, EAGAIN};

    for (unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (errors[i] == error)
            return i;
    return 7;
}

static int call_fork(pthread_mutex_t *mutex, const struct functions *use)
{
    pid_t child = fork();
    unsigned int results;
    int status;

    if (child == 0) {
        results = as_bits(use->unlock(mutex));
        results |= as_bits(use->trylock(mutex)) << 3;
        _exit((int)results);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Takes the mutex in one of several ways. */
static int crowd_lock(const struct step *step, int round, pthread_mutex_t *mutex, const struct functions *use)
{
    struct timespec time;
    int error;

    switch ((step->arg + (unsigned int)round) % 4) {
    case 0:
        while ((error = use->trylock(mutex)) == EBUSY)
            sched_yield();
        return error;
    case 1:
        clock_gettime(CLOCK_MONOTONIC, &time);
        time.tv_sec += 1000;
        return use->clocklock(mutex, CLOCK_MONOTONIC, &time);
    default:
        return use->lock(mutex);
    }
}

/* Relaxed: not for the threads' sake, who have the mutex, but for tools that do not know glibc's or ours. */
static int call_crowd(struct world *world, const struct step *step, pthread_mutex_t *mutex, const struct functions *use)
{
    int sum = 0;
    long seen;

    for (int round = 0; round < FUZZ_CROWD_ROUNDS; round++) {
        sum += crowd_lock(step, round, mutex, use);
        seen = __atomic_load_n(&world->crowd, __ATOMIC_RELAXED);
        if ((step->arg + (unsigned int)round) & 8)
            sched_yield();
        __atomic_store_n(&world->crowd, seen + 1, __ATOMIC_RELAXED);
        sum += use->unlock(mutex);
    }
    return sum;
}

int fuzz_call(struct world *world, const struct step *step, pthread_mutex_t *mutex, const struct functions *use)
{
    switch (step->op) {
    case OP_INIT:
        return call_init(step, mutex, use);
    case OP_STATIC:
        return call_static(step, mutex);
    case OP_RAW_KIND:
        return call_raw_kind(step, mutex);
    case OP_LOCK:
        return use->lock(mutex);
    case OP_TRYLOCK:
        return use->trylock(mutex);
    case OP_TIMEDLOCK:
    case OP_CLOCKLOCK:
        return call_clocklock(step, mutex, use);
    case OP_UNLOCK:
        return use->unlock(mutex);
    case OP_DESTROY:
        return use->destroy(mutex);
    case OP_CONSISTENT:
        return use->consistent(mutex);
    case OP_GETCEILING:
        return call_getceiling(mutex, use);
    case OP_SETCEILING:
        return call_setceiling(step, mutex, use);
    case OP_DEEPEN:
        return call_deepen(step, mutex);
    case OP_COND:
        return call_cond(mutex, use);
    case OP_FORK:
        return call_fork(mutex, use);
    case OP_CROWD:
        return call_crowd(world, step, mutex, use);
    default:
        return -1;
    }
}
