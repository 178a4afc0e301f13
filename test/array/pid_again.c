/* SPDX-License-Identifier: MIT */
/*
 * A thread that registers, and gets another pid by exec; and then another one gets the pid that it had, and registers while the
 * first one lives: each record follows its own thread. For root, who can choose a pid.
 *
 * usage: pid_again FOLDER
 */
#include "check.h"
#include "child.h"
#include "clock.h"
#include "short_cut_map.h"
#include "state/source.h"

#include <linux/sched.h>
#include <oncpu/oncpu.h>
#include <pthread.h>
#include <sys/syscall.h>

#define SOME_TID 29999 /* in the innermost namespace, where there are but a few */

static bool has_moved(const struct oncpu_thread_record *mine, uint64_t before)
{
    test_sleep_ns(TEST_MS);
    return __atomic_load_n(&mine->switches, __ATOMIC_RELAXED) > before;
}

/* Its record is written: each second look is another arrival. */
static const struct oncpu_thread_record *register_and_see(void)
{
    const struct oncpu_thread_record *mine;

    CHECK(oncpu_thread_register() == 0);
    mine = oncpu_thread_self();
    CHECK(mine && EVENTUALLY(has_moved(mine, mine->switches)));
    return mine;
}

static void *register_and_exec(void *program)
{
    const struct oncpu_thread_record *mine = register_and_see();
    uint32_t slot = (uint32_t)((const char *)mine - (const char *)oncpu_source_program()->pages) / sizeof(*mine) - 1;

    CHECK(write(STDOUT_FILENO, &slot, sizeof(slot)) == sizeof(slot));
    execl("/proc/self/exe", program, "--linger", (char *)NULL);
    test_failed(__FILE__, __LINE__, "execl");
}

/* `from` is the pipe by which it says its slot. */
static pid_t start_first(char *program, int *from)
{
    pthread_t thread;
    int said[2];
    pid_t child;

    CHECK(pipe(said) == 0);
    child = fork();
    CHECK(child >= 0);
    if (child) {
        close(said[1]);
        *from = said[0];
        return child;
    }
    CHECK(dup2(said[1], STDOUT_FILENO) >= 0 && oncpu_init() == 0);
    CHECK(pthread_create(&thread, NULL, register_and_exec, program) == 0);
    pthread_join(thread, NULL);
    _exit(1);
}

static pid_t fork_as(pid_t outer)
{
    pid_t tids[] = {SOME_TID, outer};
    struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)tids, .set_tid_size = 2};

    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* The pid that the thread had when its short cut was made, of the outermost namespace. */
static pid_t pid_of_slot(const char *folder, uint32_t slot)
{
    struct short_cuts all = short_cuts_read(folder);

    for (uint32_t i = 0; i < all.count; i++)
        if ((uint32_t)all.words[i] == slot + 1)
            return (pid_t)(all.words[i] >> 32);
    test_failed(__FILE__, __LINE__, "it has no short cut");
}

int main(int argc, char **argv)
{
    uint32_t slot = 0;
    pid_t first;
    pid_t child;
    char end;
    int said;

    CHECK(argc == 2);
    if (!strcmp(argv[1], "--linger")) {
        CHECK(write(STDOUT_FILENO, "", 1) == 1);
        for (;;)
            pause();
    }
    if (!strcmp(argv[1], "--register")) {
        CHECK(oncpu_init() == 0);
        register_and_see();
        return 0;
    }
    first = start_first(argv[0], &said);
    CHECK(read(said, &slot, sizeof(slot)) == sizeof(slot) && read(said, &end, 1) == 1); /* it has been through exec */
    child = fork_as(pid_of_slot(argv[1], slot));
    if (!child) {
        execl("/proc/self/exe", argv[0], "--register", (char *)NULL);
        _exit(1);
    }
    if (child > 0)
        CHECK(test_child_status(child) == 0);
    CHECK(kill(first, SIGKILL) == 0 && waitpid(first, NULL, 0) == first);
    if (child < 0)
        test_skip("the kernel lets nobody choose a pid here");
    return 0;
}
