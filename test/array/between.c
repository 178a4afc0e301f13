/* SPDX-License-Identifier: MIT */
/*
 * A mutex between two processes: the one that waits knows what the other's thread does that owns it, also if that is another
 * user's, or from another PID namespace, by whatever number that calls itself; and if the other one has no drop-in, it knows
 * nothing, and waits all the same.
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

/* `user` is the other process's, where it may change it. */
static pid_t start(uid_t user)
{
    pid_t child;

    init();
    child = fork();
    CHECK(child >= 0);
    if (child)
        return child;
    CHECK(user == geteuid() || (setresuid(user, user, user) == 0 && getuid() == user));
    _exit(own_again_and_again());
}

static pid_t start_without(const char *program)
{
    char number[16];
    pid_t child;

    init();
    child = fork();
    CHECK(child >= 0);
    if (child)
        return child;
    unsetenv("LD_PRELOAD");
    snprintf(number, sizeof(number), "%d", memory);
    execl("/proc/self/exe", program, number, (char *)NULL);
    _exit(1);
}

static void check_other_namespace(void)
{
    int ours = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    pid_t child;

    CHECK(ours >= 0);
    if (!unshare(CLONE_NEWPID)) {
        child = start(geteuid());
        CHECK(setns(ours, CLONE_NEWPID) == 0);
        CHECK(off_cpu_seen(child) > 20);
    }
    close(ours);
}

static void *nothing(void *unused)
{
    return unused;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        memory = atoi(argv[1]);
        map();
        return own_again_and_again();
    }
    memory = memfd_create("between", 0);
    CHECK(memory >= 0 && ftruncate(memory, sizeof(*shared)) == 0);
    map();
    pthread_join(member_thread(nothing, NULL), NULL); /* now there is a source */
    CHECK(!strcmp(member_source(), "array"));
    CHECK(MEMBER(oncpu_stats_enable)() == 0);
    CHECK(off_cpu_seen(start(geteuid())) > 20);
    if (!geteuid())
        CHECK(off_cpu_seen(start(65534)) > 20);
    check_other_namespace();
    CHECK(off_cpu_seen(start_without(argv[0])) == 0);
    return 0;
}
