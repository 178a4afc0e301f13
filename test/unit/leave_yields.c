/* SPDX-License-Identifier: MIT */
/*
 * The yield itself, caught by a seccomp filter in the instant in which it is made: where the mutexes are then.
 */
#include "lock/leave.h"

#include "state/state.h"
#include "unit.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { THREADS = 8, OUTER = 2, YIELDS = 1000 };

static oncpu_mutex_t outer[OUTER];
static oncpu_mutex_t inner;
static __thread int has;                 /* locks, with the one ... */
static __thread oncpu_mutex_t *unlocked; /* ... that it is about to unlock */
static uint32_t yields;
static uint32_t with_a_lock;
static uint32_t before_the_release;
static bool stop;

/* Those with an argument pass. */
static void catch_yields(unsigned action)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_yield, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 77, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, action),
    };
    const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

    cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void on_yield(int signal)
{
    (void)signal;
    __atomic_fetch_add(&yields, 1, __ATOMIC_RELAXED);
    if (has > 1)
        __atomic_fetch_add(&with_a_lock, 1, __ATOMIC_RELAXED);
    /* or another thread has taken it, and is about to say so: for some nanoseconds it looks the same */
    if (unlocked && __atomic_load_n(&unlocked->oncpu_word, __ATOMIC_RELAXED) &&
        !__atomic_load_n(&unlocked->oncpu_owner, __ATOMIC_RELAXED))
        __atomic_fetch_add(&before_the_release, 1, __ATOMIC_RELAXED);
    syscall(SYS_sched_yield, 77);
}

static void begin(void)
{
    const struct sigaction action = {.sa_handler = on_yield};

    if (oncpu_state_cpus < 2)
        SKIP("on one CPU nobody waits without losing it");
    cr_assert_eq(sigaction(SIGSYS, &action, NULL), 0);
    catch_yields(SECCOMP_RET_TRAP);
}

static void work(int steps)
{
    volatile int done = 0;

    while (done < steps)
        done++;
}

static void lock(oncpu_mutex_t *mutex)
{
    oncpu_mutex_lock(mutex);
    has++;
}

static void unlock(oncpu_mutex_t *mutex)
{
    unlocked = mutex;
    oncpu_mutex_unlock(mutex);
    unlocked = NULL;
    has--;
}

static void run(void *(*body)(void *))
{
    pthread_t threads[THREADS];

    for (intptr_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, body, (void *)i), 0);
    cr_assert(EVENTUALLY(__atomic_load_n(&yields, __ATOMIC_RELAXED) > YIELDS));
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
}

static void *use_one(void *unused)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        lock(&inner);
        work(2000);
        unlock(&inner);
        work(2000);
    }
    return unused;
}

Test(leave_yields, after_the_release)
{
    NEED_SOURCE();
    begin();
    run(use_one);
    cr_assert_eq(with_a_lock, 0);
    cr_assert_lt(before_the_release, yields / 4);
}

static void *use_two(void *number)
{
    oncpu_mutex_t *mine = &outer[(intptr_t)number % OUTER];

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        lock(mine);
        work(1000);
        lock(&inner);
        work(1000);
        unlock(&inner);
        unlock(mine);
        work(6000);
    }
    return NULL;
}

/* Somebody has to be missed first, now and then. */
Test(leave_yields, hardly_ever_with_another_lock)
{
    NEED_SOURCE();
    begin();
    run(use_two);
    cr_assert_lt(with_a_lock, yields / 8, "%u of %u", with_a_lock, yields);
}

Test(leave_yields, errno_stays)
{
    NEED_SOURCE();
    catch_yields(SECCOMP_RET_ERRNO | EPERM);
    errno = 0;
    cr_assert(oncpu_leave_cpu());
    cr_assert_eq(errno, 0);
}
