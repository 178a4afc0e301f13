/* SPDX-License-Identifier: MIT */
/*
 * Description: syscall() with fewer arguments than it can take leaves the caller's stack alone, where another thread writes.
 * Holds: glibc's syscall() reads its seventh argument from the stack and writes nothing there (sysdeps/unix/sysv/linux).
 */
#include "check.h"
#include <linux/futex.h>
#include <sys/syscall.h>

enum { ROUNDS = 100000 };

static uint32_t *published; /* release, acquire */

static void *setter(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t *word;

        while (!(word = __atomic_exchange_n(&published, NULL, __ATOMIC_ACQUIRE)))
            sched_yield();
        __atomic_store_n(word, 1, __ATOMIC_RELEASE);
        syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
    }
    return arg;
}

int main(void)
{
    begin();
    pthread_t thread = go(setter, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t words[4] = {0};

        __atomic_store_n(&published, words, __ATOMIC_RELEASE);
        while (!__atomic_load_n(words, __ATOMIC_ACQUIRE))
            syscall(SYS_futex, words, FUTEX_WAIT_PRIVATE, 0, NULL);
    }
    join(thread);
    puts("no wake-up was lost");
    return 0;
}
