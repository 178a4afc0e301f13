/* SPDX-License-Identifier: MIT */
/*
 * A forked child begins without registered threads, registers its own, and does its parent no harm; in whatever way it
 * was forked.
 */
#include "unit.h"

#include <pthread.h>

static pid_t parent_tid;

/* The record is written by the kernel, and it is this thread's: it sleeps, and the record counts it. */
static bool follows_me(const struct oncpu_thread_record *record)
{
    uint64_t before = oncpu_thread_switches(record);

    return EVENTUALLY(oncpu_thread_switches(record) >= before + 5) && record->cpu < 100000;
}

static void *register_and_follow(void *argument)
{
    (void)argument;
    CHECK(oncpu_thread_register() == 0);
    CHECK(follows_me(oncpu_thread_self()));
    return NULL;
}

/* What must be so in any child, before it registers. */
static void begins_anew(void)
{
    CHECK(oncpu_source() == own_source());
    CHECK(oncpu_thread_self() == NULL);
    CHECK(oncpu_thread_find(parent_tid) == NULL);
    CHECK(oncpu_thread_find((pid_t)syscall(SYS_gettid)) == NULL);
}

static void registers_anew(void)
{
    pthread_t thread;

    begins_anew();
    CHECK(oncpu_thread_register() == 0);
    CHECK(oncpu_thread_self()->tid == (uint32_t)gettid());
    CHECK(oncpu_thread_find(gettid()) == oncpu_thread_self());
    CHECK(oncpu_thread_find(parent_tid) == NULL);
    CHECK(follows_me(oncpu_thread_self()));
    CHECK(pthread_create(&thread, NULL, register_and_follow, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void has_a_child(void)
{
    registers_anew();
    parent_tid = gettid();
    CHECK(test_in_child(registers_anew) == 0);
    CHECK(follows_me(oncpu_thread_self()));
}

static void has_a_child_before_it_registers(void)
{
    begins_anew();
    CHECK(test_in_child(registers_anew) == 0);
    registers_anew();
}

/*
 * glibc knows nothing of this child, and goes on calling its thread by the tid of the parent's. So it may stay without
 * a record; but it must not take the parent's away, and its locks must work.
 */
static void uses_locks(void)
{
    static oncpu_mutex_t mutex;
    struct timespec soon = test_deadline(CLOCK_MONOTONIC, 5 * TEST_MS);

    begins_anew();
    for (int i = 0; i < 3; i++) {
        CHECK(oncpu_mutex_lock(&mutex) == 0);
        CHECK(oncpu_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &soon) == ETIMEDOUT); /* contended: wants to register */
        CHECK(oncpu_mutex_unlock(&mutex) == 0);
    }
}

static void registers_if_it_can(void)
{
    if (oncpu_thread_register() == 0)
        CHECK(follows_me(oncpu_thread_self()));
}

static void register_parent(void)
{
    parent_tid = gettid();
    cr_assert_eq(oncpu_thread_register(), 0);
    cr_assert(follows_me(oncpu_thread_self()));
}

static void check_parent_unharmed(const struct oncpu_thread_record *record)
{
    cr_assert_eq(oncpu_thread_self(), record);
    cr_assert_eq(oncpu_source(), own_source());
    cr_assert(follows_me(record), "the kernel does not write the parent's record any more");
}

Test(fork, the_child_registers_anew)
{
    NEED_SOURCE();
    register_parent();
    const struct oncpu_thread_record *record = oncpu_thread_self();
    for (int i = 0; i < 3; i++)
        cr_assert_eq(test_in_child(registers_anew), 0);
    check_parent_unharmed(record);
}

Test(fork, a_child_of_a_child)
{
    NEED_SOURCE();
    register_parent();
    const struct oncpu_thread_record *record = oncpu_thread_self();
    cr_assert_eq(test_in_child(has_a_child), 0);
    cr_assert_eq(test_in_child(has_a_child_before_it_registers), 0);
    check_parent_unharmed(record);
}

Test(fork, a_child_that_glibc_does_not_know_of)
{
    NEED_SOURCE();
    register_parent();
    const struct oncpu_thread_record *record = oncpu_thread_self();
    cr_assert_eq(test_in_raw_child(uses_locks), 0);
    check_parent_unharmed(record);
    cr_assert_eq(test_in_raw_child(registers_if_it_can), 0);
    check_parent_unharmed(record);
}

static void *fork_one(void *argument)
{
    (void)argument;
    parent_tid = gettid();
    CHECK(oncpu_thread_register() == 0);
    CHECK(test_in_child(registers_anew) == 0);
    return NULL;
}

Test(fork, by_a_thread_that_is_not_the_first)
{
    pthread_t thread;

    NEED_SOURCE();
    register_parent();
    const struct oncpu_thread_record *record = oncpu_thread_self();
    cr_assert_eq(pthread_create(&thread, NULL, fork_one, NULL), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    check_parent_unharmed(record);
}

/* The source lives as long as anybody of the family. */
static void outlives_its_parent(void)
{
    int pipes[2];
    char byte;

    CHECK(pipe(pipes) == 0);
    pid_t middle = fork();
    if (middle == 0) {
        CHECK(oncpu_init() == 0);
        if (fork())
            _exit(0);
        close(pipes[0]);
        CHECK(EVENTUALLY(getppid() != parent_tid));
        begins_anew();
        CHECK(oncpu_thread_register() == 0);
        CHECK(follows_me(oncpu_thread_self()));
        CHECK(write(pipes[1], "y", 1) == 1);
        _exit(0);
    }
    close(pipes[1]);
    parent_tid = middle;
    CHECK(test_child_status(middle) == 0);
    CHECK(read(pipes[0], &byte, 1) == 1); /* end of file: a CHECK failed there */
}

Test(fork, the_child_outlives_its_parent)
{
    NEED_SOURCE();
    cr_assert_eq(test_in_child(outlives_its_parent), 0);
}
