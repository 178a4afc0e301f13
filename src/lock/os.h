/* SPDX-License-Identifier: MIT */
/*
 * What the locks need of the kernel and the CPU: the futex, the clock, the pause of a spinning CPU. A test can put its
 * own in front by naming a header in ONCPU_LOCK_OS.
 */
#ifndef ONCPU_LOCK_OS_H
#define ONCPU_LOCK_OS_H

#ifdef ONCPU_LOCK_OS
#include ONCPU_LOCK_OS
#else

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A point in time by CLOCK_REALTIME or CLOCK_MONOTONIC, until which to wait; NULL where one is expected: for ever. */
struct oncpu_deadline {
    clockid_t clock;
    const struct timespec *time;
};

/* Whose futex it is: this process's, or that of all who have the memory mapped. */
#define ONCPU_FUTEX_OWN FUTEX_PRIVATE_FLAG
#define ONCPU_FUTEX_SHARED 0

/*
 * Sleeps if *word is still `expected`, in one step with respect to oncpu_futex_wake(). Returns 0 (woken, or for no
 * reason at all), EAGAIN (*word is something else), EINTR, ETIMEDOUT, EINVAL (the deadline is no time). Preserves
 * errno. FUTEX_WAIT_BITSET: its timeout is absolute (futex(2)).
 */
static inline int oncpu_futex_wait_of(const uint32_t *word, uint32_t expected, const struct oncpu_deadline *deadline,
                                      int whose)
{
    int saved_errno = errno;
    int op = FUTEX_WAIT_BITSET | whose;
    int error = 0;

    if (deadline && deadline->clock == CLOCK_REALTIME)
        op |= FUTEX_CLOCK_REALTIME;
    if (syscall(SYS_futex, word, op, expected, deadline ? deadline->time : NULL, NULL, FUTEX_BITSET_MATCH_ANY))
        error = errno;
    errno = saved_errno;
    return error;
}

static inline int oncpu_futex_wait(const uint32_t *word, uint32_t expected, const struct oncpu_deadline *deadline)
{
    return oncpu_futex_wait_of(word, expected, deadline, ONCPU_FUTEX_OWN);
}

/* Wakes up to `count` sleepers. The word is only an address here: it may be freed, unmapped, or another lock by now. */
static inline void oncpu_futex_wake_of(const uint32_t *word, int count, int whose)
{
    int saved_errno = errno;

    syscall(SYS_futex, word, FUTEX_WAKE | whose, count, NULL, NULL, 0);
    errno = saved_errno;
}

static inline void oncpu_futex_wake(const uint32_t *word, int count)
{
    oncpu_futex_wake_of(word, count, ONCPU_FUTEX_OWN);
}

static inline uint64_t oncpu_clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t oncpu_now_ns(void)
{
    return oncpu_clock_ns(CLOCK_MONOTONIC);
}

/*
 * Sleeps until `until` (CLOCK_MONOTONIC, ns), or until a signal comes; nobody else can end it. By the futex, too: where a sandbox
 * lets a thread wait, it lets it do this.
 */
static inline void oncpu_nap_until(uint64_t until)
{
    const struct timespec time = {(time_t)(until / 1000000000u), (long)(until % 1000000000u)};
    const struct oncpu_deadline deadline = {CLOCK_MONOTONIC, &time};
    const uint32_t nobodys = 0;

    oncpu_futex_wait(&nobodys, 0, &deadline);
}

/* Lets other threads have this CPU if they want it. Preserves errno. */
static inline void oncpu_sched_yield(void)
{
    int saved_errno = errno;

    syscall(SYS_sched_yield);
    errno = saved_errno;
}

/* How often the caller has left a CPU; 0 where it may not ask. Preserves errno. */
static inline uint64_t oncpu_switches(void)
{
    struct rusage usage = {.ru_nvcsw = 0};
    int saved_errno = errno;

    getrusage(RUSAGE_THREAD, &usage);
    errno = saved_errno;
    return (uint64_t)usage.ru_nvcsw + (uint64_t)usage.ru_nivcsw;
}

/* The caller's scheduling policy (sched(7)), or a negative value. Preserves errno. */
static inline int oncpu_sched_policy(void)
{
    int saved_errno = errno;
    long policy = syscall(SYS_sched_getscheduler, 0);

    errno = saved_errno;
    return policy < 0 ? -1 : (int)(policy & ~SCHED_RESET_ON_FORK);
}

/* Tells the CPU that this is a spin loop. Takes 10 to 140 cycles on x86, next to nothing on most Arm: so measure it. */
static inline void oncpu_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory"); /* `yield` is a nop on most cores */
#else
    __asm__ volatile("" ::: "memory");
#endif
}

#endif
#endif
