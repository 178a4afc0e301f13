/* SPDX-License-Identifier: MIT */
/*
 * A mutex between two processes that never create a thread: the one that waits knows what the other does that owns it, also if that
 * is another user's, or from another PID namespace, by whatever number that calls itself; also if one of them has only mapped what
 * the other has made; and if the other one has no drop-in, or an array of its own, it knows nothing, and waits all the same.
 */
#include "child.h"
#include "clock.h"
#include "member.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>

static struct shared {
    pthread_mutex_t mutex;
    bool stop;
    uint64_t turns; /* of the other process */
} *shared;

static int memory;

static void map(void)
{
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    CHECK(shared != MAP_FAILED);
}

static void init(void)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    CHECK(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
    CHECK(pthread_mutex_init(&shared->mutex, &attributes) == 0);
    shared->stop = false;
    shared->turns = 0;
}

/* Sleeps while it holds it. */
static int own_again_and_again(void)
{
    while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
        CHECK(pthread_mutex_lock(&shared->mutex) == 0);
        __atomic_fetch_add(&shared->turns, 1, __ATOMIC_RELAXED);
        test_sleep_ns(TEST_MS);
        CHECK(pthread_mutex_unlock(&shared->mutex) == 0);
        test_sleep_ns(100000);
    }
    return 0;
}

static struct oncpu_stats wait_for_it(void)
{
    uint64_t until = __atomic_load_n(&shared->turns, __ATOMIC_RELAXED) + 100;
    struct oncpu_stats stats;

    while (__atomic_load_n(&shared->turns, __ATOMIC_RELAXED) < until) {
        CHECK(pthread_mutex_lock(&shared->mutex) == 0);
        CHECK(pthread_mutex_unlock(&shared->mutex) == 0);
    }
    MEMBER(oncpu_stats_read)(&stats);
    return stats;
}

/* In 100 turns: some are the first, of a thread that is not registered yet; and single switches are missed. */
static uint64_t off_cpu_seen(pid_t other)
{
    uint64_t before = wait_for_it().owner_off_cpu; /* by then it has met contention, and is registered if it can be */
    uint64_t after = wait_for_it().owner_off_cpu;

    __atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
    CHECK(test_child_status(other) == 0);
    return after - before;
}

static int own_as_another_user(void)
{
    CHECK(setresuid(65534, 65534, 65534) == 0 && getuid() == 65534);
    return own_again_and_again();
}

static pid_t start(int body(void))
{
    pid_t child;

    init();
    child = fork();
    CHECK(child >= 0);
    if (!child)
        _exit(body());
    return child;
}

/* The same in a program of its own, that makes no mutex. */
static int exec_again(const char *role)
{
    char number[16];

    snprintf(number, sizeof(number), "%d", memory);
    execl("/proc/self/exe", "between", number, role, (char *)NULL);
    return 1;
}

static int exec_owner(void)
{
    return exec_again("owner");
}

static int exec_owner_without(void)
{
    unsetenv("LD_PRELOAD");
    return exec_again("owner");
}

/* ... and does not find what is pinned. */
static int exec_owner_alone(void)
{
    CHECK(setenv("ONCPU_DIR", "/proc/self/nothing", 1) == 0);
    return exec_again("owner-alone");
}

static void *nothing(void *unused)
{
    return unused;
}

/* Creates a thread, which is when a process loads a program of its own. */
static void have_own_array(void)
{
    pthread_join(member_thread(nothing, NULL), NULL);
    CHECK(!strcmp(member_source(), "array") && strstr(MEMBER(oncpu_source_reason)(), "the process's own"));
    CHECK(MEMBER(oncpu_thread_register)() == 0);
    CHECK(MEMBER(oncpu_stats_enable)() == 0);
}

static int own_alone(void)
{
    have_own_array();
    return own_again_and_again();
}

/* What the owner says in the mutex means nothing here: glibc serves it, which counts nothing. */
static int wait_alone(void)
{
    have_own_array();
    CHECK(wait_for_it().contended == 0);
    return 0;
}

/* Holds it for longer than anybody spins for an owner of whom nothing is known; and so seldom that spinning pays. */
static int own_busily(void)
{
    while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
        uint64_t end;

        CHECK(pthread_mutex_lock(&shared->mutex) == 0);
        __atomic_fetch_add(&shared->turns, 1, __ATOMIC_RELAXED);
        for (end = test_now_ns() + 50000; test_now_ns() < end;)
            continue;
        CHECK(pthread_mutex_unlock(&shared->mutex) == 0);
        test_sleep_ns(500000);
    }
    return 0;
}

/* Most waits of 100 turns end in a spin; of an owner of whom nothing is known, one in ten does. */
static bool mostly_spins(void)
{
    struct oncpu_stats before = wait_for_it();
    struct oncpu_stats after = wait_for_it();
    uint64_t contended = after.contended - before.contended;

    return contended >= 20 && after.spun - before.spun > contended / 2; /* fewer, where both share a CPU */
}

static void check_spins_while_it_runs(void)
{
    pid_t other = start(own_busily);
    bool seen = EVENTUALLY(mostly_spins());

    __atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
    CHECK(test_child_status(other) == 0);
    CHECK(seen);
}

/* As a program of its own: it has mapped the mutex, and meets contention. */
static int wait_as_another(void)
{
    CHECK(!strcmp(member_source(), "none"));
    CHECK(MEMBER(oncpu_stats_enable)() == 0);
    wait_for_it();
    CHECK(!strcmp(member_source(), "array"));

    uint64_t before = wait_for_it().owner_off_cpu;
    CHECK(wait_for_it().owner_off_cpu - before > 20);
    return 0;
}

static int exec_waiter(void)
{
    return exec_again("waiter");
}

static int exec_waiter_alone(void)
{
    CHECK(setenv("ONCPU_DIR", "/proc/self/nothing", 1) == 0);
    return exec_again("waiter-alone");
}

static void check_waiter_that_only_maps(int body(void))
{
    pid_t owner = start(own_again_and_again);
    pid_t waiter = fork();

    CHECK(waiter >= 0);
    if (!waiter)
        _exit(body());
    CHECK(test_child_status(waiter) == 0);
    __atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
    CHECK(test_child_status(owner) == 0);
}

static void check_other_namespace(void)
{
    int ours = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    pid_t child;

    CHECK(ours >= 0);
    if (!unshare(CLONE_NEWPID)) {
        child = start(own_again_and_again);
        CHECK(setns(ours, CLONE_NEWPID) == 0);
        CHECK(off_cpu_seen(child) > 20);
    }
    close(ours);
}

static int play(const char *role)
{
    map();
    if (!strcmp(role, "owner"))
        return own_again_and_again();
    if (!strcmp(role, "owner-alone"))
        return own_alone();
    return strcmp(role, "waiter") ? wait_alone() : wait_as_another();
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        memory = atoi(argv[1]);
        return play(argv[2]);
    }
    memory = memfd_create("between", 0);
    CHECK(memory >= 0 && ftruncate(memory, sizeof(*shared)) == 0);
    map();
    CHECK(!strcmp(member_source(), "none"));
    init();
    CHECK(!strcmp(member_source(), "array"));
    CHECK(MEMBER(oncpu_stats_enable)() == 0);
    CHECK(off_cpu_seen(start(own_again_and_again)) > 20);
    if (!geteuid())
        CHECK(off_cpu_seen(start(own_as_another_user)) > 20);
    if (!getenv("ONCPU_TEST_CPUS_TAKE_TURNS")) /* as an emulator's can: then nobody finds it held by one that runs */
        check_spins_while_it_runs();
    check_other_namespace();
    CHECK(off_cpu_seen(start(exec_owner)) > 20);
    check_waiter_that_only_maps(exec_waiter);
    if (!geteuid()) { /* who may load a program */
        CHECK(off_cpu_seen(start(exec_owner_alone)) == 0);
        check_waiter_that_only_maps(exec_waiter_alone);
    }
    CHECK(off_cpu_seen(start(exec_owner_without)) == 0);
    return 0;
}
