/* SPDX-License-Identifier: MIT */
/*
 * The record of a thread says what the thread does: blocked, running, preempted, ended; in this process, in children that it
 * forks in every way, and after exec. With the source `none` there is no record, and the lock works all the same.
 *
 * usage: follow SOURCE [--after-exec]
 */
#include "child.h"
#include "clock.h"
#include "member.h"

#include <fcntl.h>
#include <sched.h>

static const char *expected;
static int to_worker[2];
static pid_t worker_tid;
static uint32_t phase;
static member_lock_t lock; /* all zero is valid for either kind */
static unsigned counter;
static bool saw_itself_run;

static uint32_t now_in(void)
{
    return __atomic_load_n(&phase, __ATOMIC_ACQUIRE); /* pairs with tell() and work() */
}

static pid_t tid_of_worker(void)
{
    return __atomic_load_n(&worker_tid, __ATOMIC_ACQUIRE); /* pairs with the release in work() */
}

static void spin_in(uint32_t which)
{
    while (now_in() == which)
        ;
}

/* From another thread it can go unseen: whoever wakes up to look may take this very CPU for it. */
static void spin_and_look(uint32_t which)
{
    const struct oncpu_thread_record *mine = MEMBER(oncpu_thread_self)();

    while (now_in() == which)
        if (oncpu_thread_state(mine) == ONCPU_STATE_RUNNING)
            __atomic_store_n(&saw_itself_run, true, __ATOMIC_RELAXED);
}

/* Waits for a lock that is held (so it is registered), and then does what it is told: spin, or end. */
static void *work(void *unused)
{
    char command;

    (void)unused;
    __atomic_store_n(&worker_tid, gettid(), __ATOMIC_RELEASE); /* pairs with tid_of_worker() */
    member_lock(&lock);
    counter++;
    member_unlock(&lock);
    while (read(to_worker[0], &command, 1) == 1 && command == 's') {
        uint32_t mine = now_in();
        __atomic_store_n(&phase, mine + 1, __ATOMIC_RELEASE); /* pairs with now_in(): it is spinning */
        spin_and_look(mine + 1);
    }
    return NULL;
}

static void tell(char command)
{
    CHECK(write(to_worker[1], &command, 1) == 1);
}

static void begin_spin(void)
{
    uint32_t before = now_in();

    tell('s');
    CHECK(EVENTUALLY(now_in() != before));
}

static void end_spin(void)
{
    __atomic_fetch_add(&phase, 1, __ATOMIC_RELEASE); /* pairs with now_in() */
}

static const struct oncpu_thread_record *find(void)
{
    return MEMBER(oncpu_thread_find)(tid_of_worker());
}

static bool is(enum oncpu_state state)
{
    return oncpu_thread_state(find()) == state;
}

static void *rival(void *which)
{
    spin_in(*(const uint32_t *)which);
    return NULL;
}

/* Two threads that spin, on one CPU: each is preempted by the other. */
static void check_preempted(void)
{
    uint32_t spinning;
    pthread_t other;
    cpu_set_t all;
    cpu_set_t one;
    int cpu = 0;

    CHECK(sched_getaffinity(0, sizeof(all), &all) == 0);
    while (!CPU_ISSET(cpu, &all))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    begin_spin();
    spinning = now_in();
    CHECK(sched_setaffinity(tid_of_worker(), sizeof(one), &one) == 0);
    other = member_thread(rival, &spinning);
    CHECK(pthread_setaffinity_np(other, sizeof(one), &one) == 0);
    CHECK(EVENTUALLY(is(ONCPU_STATE_PREEMPTED)));
    CHECK(EVENTUALLY(oncpu_thread_cpu(find()) == (uint32_t)cpu));
    end_spin();
    pthread_join(other, NULL);
    CHECK(sched_setaffinity(tid_of_worker(), sizeof(all), &all) == 0);
}

static void check_wakes_and_sleeps(void)
{
    __atomic_store_n(&saw_itself_run, false, __ATOMIC_RELAXED);
    begin_spin();
    CHECK(EVENTUALLY(__atomic_load_n(&saw_itself_run, __ATOMIC_RELAXED)));
    end_spin();
    CHECK(EVENTUALLY(is(ONCPU_STATE_BLOCKED)));
}

/* A single switch can be missed, but not each. */
static void check_states(void)
{
    uint64_t switches;

    CHECK(EVENTUALLY(is(ONCPU_STATE_BLOCKED)));
    switches = oncpu_thread_switches(find());
    for (int i = 0; i < 6; i++)
        check_wakes_and_sleeps();
    CHECK(oncpu_thread_switches(find()) >= switches + 3);
    check_preempted();
    CHECK(EVENTUALLY(is(ONCPU_STATE_BLOCKED)));
}

static void follow_thread(void)
{
    bool has_records = strcmp(expected, "none") != 0;
    pthread_t worker;

    CHECK(pipe(to_worker) == 0);
    worker_tid = 0;
    counter = 0;
    member_begin();
    member_lock(&lock);
    worker = member_thread(work, NULL);
    if (strcmp(member_source(), expected) != 0) {
        fprintf(stderr, "source %s: %s\n", member_source(), MEMBER(oncpu_source_reason)());
        test_failed(__FILE__, __LINE__, "another source than expected");
    }
    CHECK(EVENTUALLY(tid_of_worker() != 0));
    if (has_records)
        CHECK(EVENTUALLY(is(ONCPU_STATE_BLOCKED))); /* it waits for the lock */
    member_unlock(&lock);
    if (has_records)
        check_states();
    else
        CHECK(find() == NULL);
    tell('e');
    pthread_join(worker, NULL);
    CHECK(counter == 1);
    if (!strcmp(expected, "array"))
        CHECK(EVENTUALLY(find() == NULL)); /* its record is nobody's at once */
    close(to_worker[0]);
    close(to_worker[1]);
}

/* ---- children ---- */

static const struct oncpu_thread_record *of_parent;

static void check_nothing_inherited(void)
{
    CHECK(MEMBER(oncpu_thread_self)() == NULL);
}

static void check_own_registration(void)
{
    check_nothing_inherited();
    CHECK(MEMBER(oncpu_thread_register)() == 0);
    CHECK(MEMBER(oncpu_thread_self)() && MEMBER(oncpu_thread_self)() != of_parent);
}

static void in_child(void)
{
    if (of_parent)
        check_own_registration();
    follow_thread();
}

/* With a PID namespace of its own, a child can have its parent's tid: that of the first process, 1. */
static void check_child_with_our_tid(void)
{
    int ours = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    pid_t child;

    CHECK(ours >= 0);
    if (getpid() != 1 || unshare(CLONE_NEWPID)) {
        close(ours);
        return;
    }
    child = fork();
    if (!child) {
        CHECK(getpid() == 1);
        in_child();
        _exit(0);
    }
    CHECK(test_child_status(child) == 0);
    CHECK(setns(ours, CLONE_NEWPID) == 0); /* or the process can create no thread */
    close(ours);
}

static void check_children(void)
{
    if (strcmp(expected, "none") != 0) {
        CHECK(MEMBER(oncpu_thread_register)() == 0);
        of_parent = MEMBER(oncpu_thread_self)();
        CHECK(of_parent && of_parent->tid == (uint32_t)gettid());
    }
    CHECK(test_in_child(in_child) == 0);
    CHECK(test_in_raw_child(check_nothing_inherited) == 0);
    check_child_with_our_tid();
    CHECK(MEMBER(oncpu_thread_self)() == of_parent);
}

int main(int argc, char **argv)
{
    CHECK(argc > 1);
    expected = argv[1];
    check_nothing_inherited();
    follow_thread();
    check_children();
    if (argc == 2) {
        execl("/proc/self/exe", argv[0], expected, "--after-exec", (char *)NULL);
        test_failed(__FILE__, __LINE__, "execl");
    }
    return 0;
}
