/* SPDX-License-Identifier: MIT */
/*
 * Description: tasks made by clone(2) behind libc's back, a thread and a process that shares the memory, lock mutexes
 * that pthreads contend for.
 * Holds: Linux clone(2); what sanitizers, language runtimes and checkpointers do.
 */
#include "check.h"
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { ROUNDS = 3000, STACK = 256 * 1024 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile long counter;
static int failed;
static pid_t tid_word;

/* Shares its maker's thread-local storage, so it calls nothing but the functions under test. */
static int count(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        failed |= pthread_mutex_lock(&mutex) != 0;
        long seen = counter;
        if (i % 64 == 0)
            syscall(SYS_sched_yield);
        counter = seen + 1;
        failed |= pthread_mutex_unlock(&mutex) != 0;
    }
    return 0;
}

static void *count_in_pthread(void *arg)
{
    count(NULL);
    return arg;
}

static void wait_for_thread_end(void)
{
    for (;;) {
        pid_t seen = __atomic_load_n(&tid_word, __ATOMIC_ACQUIRE); /* with the kernel's store at the task's end */
        if (seen == 0)
            return;
        syscall(SYS_futex, &tid_word, FUTEX_WAIT, seen, NULL, NULL, 0);
    }
}

static void race_with(int flags)
{
    char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t threads[2];

    CHECK(stack != MAP_FAILED);
    counter = 0;
    for (int i = 0; i < 2; i++)
        threads[i] = go(count_in_pthread, NULL);
    tid_word = 1;
    int id = clone(count, stack + STACK, flags, NULL, &tid_word, NULL, &tid_word);
    CHECK(id > 0);
    if (flags & CLONE_THREAD)
        wait_for_thread_end();
    else
        reap(id);
    for (int i = 0; i < 2; i++)
        join(threads[i]);
    CHECK_EQ(0, failed);
    CHECK_EQ(3 * ROUNDS, counter);
    CHECK_EQ(0, munmap(stack, STACK));
}

int main(void)
{
    const int thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

    begin();
    for (int i = 0; i < 5; i++) {
        race_with(thread | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID);
        race_with(CLONE_VM | SIGCHLD);
    }
    printf("thread and process: exact\n");
    contend(&mutex, 4, ROUNDS);
    return 0;
}
