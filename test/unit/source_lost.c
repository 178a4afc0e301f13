/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a process whose source of thread states goes away: it notices, goes on without, and can have it back.
 */
#include "state/source.h"
#include "state/state.h"

#include "locks_work.h"
#include "unit.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>

static void *register_in_vain(void *argument)
{
    *(int *)argument = oncpu_thread_register();
    return NULL;
}

static int register_elsewhere(void)
{
    pthread_t thread;
    int result = 1;

    CHECK(pthread_create(&thread, NULL, register_in_vain, &result) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    return result;
}

static void is_lost(void)
{
    CHECK(register_elsewhere() < 0);
    CHECK(oncpu_source() == ONCPU_SOURCE_NONE);
    CHECK(*oncpu_source_reason());
    check_locks_work();
}

static void closes_everything(void)
{
    CHECK(oncpu_init() == 0);
    CHECK(register_elsewhere() == 0);
    CHECK(close_range(3, ~0u, 0) == 0);
    is_lost();
}

/* The program opens files of its own, and gets our numbers; and keeps them: they are not ours to close. */
static void reuses_descriptors(void)
{
    const struct oncpu_bpf_program *program;

    CHECK(oncpu_init() == 0);
    program = oncpu_source_program();
    CHECK(program);
    const struct oncpu_bpf_object *ours[] = {own_source() == ONCPU_SOURCE_UPTR ? &program->tasks : &program->enter,
                                             &program->link, &program->link_exit, &program->link_prepare};
    for (int i = 0; i < 4; i++)
        CHECK(ours[i]->fd < 0 ? i > 1 : dup2(STDERR_FILENO, ours[i]->fd) == ours[i]->fd);
    is_lost();
    for (int i = 0; i < 4; i++)
        CHECK(ours[i]->fd < 0 || fcntl(ours[i]->fd, F_GETFD) == 0);
    CHECK(oncpu_init() == 0);
    for (int i = 0; i < 4; i++)
        CHECK(ours[i]->fd < 0 || fcntl(ours[i]->fd, F_GETFD) == 0);
}

Test(source_lost, is_given_up_when_its_descriptors_are_closed)
{
    NEED_SOURCE();
    pid_t pid = fork();
    if (pid == 0) {
        closes_everything();
        _exit(0);
    }
    cr_assert_eq(test_child_status(pid), 0);
    check_locks_work();
    cr_assert_eq(oncpu_source(), own_source(), "a child closed its copies: nothing to the parent");
}

Test(source_lost, closed_descriptors)
{
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(closes_everything);
    in_own_process(reuses_descriptors);
}

static int sleepers_may_go; /* relaxed */

static void *wait_again_and_again(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&sleepers_may_go, __ATOMIC_RELAXED)) {
        oncpu_mutex_lock(&mutex);
        oncpu_mutex_unlock(&mutex);
        test_sleep_ns(TEST_MS);
    }
    return NULL;
}

/* Holds the lock long enough for others to sleep, once. */
static bool noticed_after_another_sleep(void)
{
    oncpu_mutex_lock(&mutex);
    test_sleep_ns(3 * TEST_MS);
    oncpu_mutex_unlock(&mutex);
    return oncpu_source() == ONCPU_SOURCE_NONE;
}

static bool record_follows(void)
{
    uint64_t before = oncpu_thread_switches(oncpu_thread_self());

    return EVENTUALLY(oncpu_thread_switches(oncpu_thread_self()) >= before + 5);
}

/* The link is the program's life; nobody is told when it goes. */
static void lose_link(void)
{
    const struct oncpu_bpf_program *program = oncpu_source_program();

    CHECK(program && close(program->link.fd) == 0);
    CHECK(EVENTUALLY(noticed_after_another_sleep()));
    CHECK(strstr(oncpu_source_reason(), "detached"));
    CHECK(oncpu_source_select(own_source()) == -ENOTSUP);
    check_locks_work();
}

static void loses_link_with(int sleepers, int times)
{
    pthread_t threads[32];

    CHECK(oncpu_init() == 0);
    for (int i = 0; i < sleepers; i++)
        CHECK(pthread_create(&threads[i], NULL, wait_again_and_again, NULL) == 0);
    for (int i = 0; i < times; i++) {
        lose_link();
        CHECK(oncpu_init() == 0);
    }
    CHECK(oncpu_source() == own_source());
    __atomic_store_n(&sleepers_may_go, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < sleepers; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

static void loses_link_once(void)
{
    loses_link_with(4, 1);
}

static void loses_link_with_many_sleepers(void)
{
    loses_link_with(32, 3);
}

static void registered_threads_come_back(void)
{
    pthread_t thread;

    CHECK(oncpu_init() == 0);
    CHECK(oncpu_thread_register() == 0);
    CHECK(record_follows());
    CHECK(pthread_create(&thread, NULL, wait_again_and_again, NULL) == 0);
    lose_link();
    __atomic_store_n(&sleepers_may_go, 1, __ATOMIC_RELAXED);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(oncpu_init() == 0);
    CHECK(oncpu_thread_register() == 0);
    CHECK(oncpu_thread_self());
    CHECK(record_follows());
}

static void keeps_no_descriptors(void)
{
    pthread_t thread;

    CHECK(oncpu_init() == 0);
    int before = open_descriptors();
    CHECK(pthread_create(&thread, NULL, wait_again_and_again, NULL) == 0);
    for (int i = 0; i < 4; i++) {
        lose_link();
        CHECK(oncpu_init() == 0);
    }
    __atomic_store_n(&sleepers_may_go, 1, __ATOMIC_RELAXED);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(open_descriptors() <= before + 1);
}

Test(source_lost, threads_that_sleep_notice_that_it_went_and_init_brings_it_back)
{
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(loses_link_once);
}

/* Such a wait takes the longer for being none: the timer goes off at once, and the thread never leaves its CPU. */
Test(source_lost, waits_until_times_that_have_passed_raise_no_suspicion)
{
    const struct timespec passed = {1, 0};

    NEED_SOURCE();
    oncpu_mutex_lock(&mutex);
    for (int i = 0; i < 500; i++) {
        cr_assert_eq(oncpu_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &passed), ETIMEDOUT);
        cr_assert_eq(oncpu_state_unseen, 0, "wait %d", i);
    }
    oncpu_mutex_unlock(&mutex);
}

Test(source_lost, loss_is_noticed_again_and_again)
{
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(loses_link_with_many_sleepers);
}

Test(source_lost, threads_registered_before_the_loss_are_followed_again)
{
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(registered_threads_come_back);
}

Test(source_lost, loss_keeps_no_descriptors)
{
    NEED_SOURCE_IN_CHILDREN();
    in_own_process(keeps_no_descriptors);
}
