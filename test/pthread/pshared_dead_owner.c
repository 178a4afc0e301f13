/* SPDX-License-Identifier: MIT */
/*
 * Description: a process is killed while it holds a mutex in shared memory, again and again while others fight for it. It stays
 * locked; nobody burns a CPU waiting for it; made anew, it works.
 * Holds: POSIX XSH 2.9.7: a mutex that is not robust stays locked for ever.
 */
#include "kinds.h"
#include <signal.h>
#include <sys/mman.h>

enum { WAIT_MS = 300, ROUNDS = 4 };

struct shared {
    pthread_mutex_t mutex;
    int held;
};

static void *hold(void *arg)
{
    struct shared *s = arg;

    for (int i = 0; i < 2000; i++) { /* with contention, so that it is known to everybody who holds it */
        CHECK_EQ(0, pthread_mutex_lock(&s->mutex));
        if (i % 16 == 0)
            sched_yield();
        CHECK_EQ(0, pthread_mutex_unlock(&s->mutex));
    }
    CHECK_EQ(0, pthread_mutex_lock(&s->mutex));
    __atomic_store_n(&s->held, 1, __ATOMIC_RELEASE);
    for (volatile int spin = 1; spin;)
        ; /* it runs, until it is killed */
    return NULL;
}

static void child(struct shared *s)
{
    go(hold, s);
    go(hold, s);
    pause();
}

static int64_t cpu_ns(void)
{
    return now_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* 300 ms of waiting for nobody: a tenth of that on a CPU would be far more than any bound. */
static void *wait_in_vain(void *arg)
{
    pthread_mutex_t *mutex = arg;
    struct timespec end = in_ms(CLOCK_MONOTONIC, WAIT_MS);
    int64_t before = cpu_ns();

    CHECK_EQ(ETIMEDOUT, pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &end));
    CHECK(cpu_ns() - before < WAIT_MS * 100000);
    return NULL;
}

static void kill_owner(struct shared *s, const struct kind *kind)
{
    pthread_t waiters[3];
    int status;
    pid_t pid;

    init_kind(&s->mutex, kind);
    s->held = 0;
    pid = fork_child();
    if (!pid)
        child(s);
    while (!__atomic_load_n(&s->held, __ATOMIC_ACQUIRE))
        sched_yield();
    CHECK_EQ(EBUSY, pthread_mutex_trylock(&s->mutex));
    waiters[0] = go(wait_in_vain, &s->mutex); /* it begins while the owner lives */
    CHECK_EQ(0, kill(pid, SIGKILL));
    CHECK_EQ(pid, waitpid(pid, &status, 0));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    for (int i = 1; i < 3; i++)
        waiters[i] = go(wait_in_vain, &s->mutex);
    for (int i = 0; i < 3; i++)
        join(waiters[i]);
    CHECK_EQ(EBUSY, pthread_mutex_trylock(&s->mutex));
}

int main(void)
{
    begin();
    struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(s != MAP_FAILED);
    for (int round = 0; round < ROUNDS; round++)
        for (int k = 0; k < KINDS; k++)
            if (kinds[k].pshared && !kinds[k].robust && kinds[k].protocol == PTHREAD_PRIO_NONE && k % 2 == round % 2)
                kill_owner(s, &kinds[k]);
    init_kind(&s->mutex, &kinds[0]);
    contend(&s->mutex, 4, 1000);
    puts("nobody waited for a dead owner on a CPU");
    return 0;
}
