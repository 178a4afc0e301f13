/* SPDX-License-Identifier: MIT */
/*
 * Description: prctl and syscall, which a drop-in may watch, still pass all arguments, results and errno, and come back
 * twice where they fork.
 * Holds: Linux prctl(2), syscall(2).
 */
#include "check.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static void by_prctl(void)
{
    char name[16] = "", want[16] = "pass_through_it";
    int signal = 0;

    CHECK_EQ(0, prctl(PR_SET_NAME, want));
    CHECK_EQ(0, prctl(PR_GET_NAME, name));
    CHECK_EQ(0, strcmp(name, want));
    CHECK_EQ(0, prctl(PR_SET_PDEATHSIG, SIGUSR2));
    CHECK_EQ(0, prctl(PR_GET_PDEATHSIG, &signal));
    CHECK_EQ(SIGUSR2, signal);
    CHECK_EQ(1, prctl(PR_GET_DUMPABLE));
    CHECK_EQ(0, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    errno = 0;
    CHECK_EQ(-1, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 1)); /* the fifth must be zero: it arrives */
    CHECK_EQ(EINVAL, errno);
    errno = 0;
    CHECK_EQ(-1, prctl(-1, 1, 2, 3, 4));
    CHECK_EQ(EINVAL, errno);
}

static void by_syscall(void)
{
    CHECK_EQ(getpid(), syscall(SYS_getpid));
    long at = syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != -1);
    CHECK_EQ(0, *(char *)at);
    CHECK_EQ(0, munmap((void *)at, 4096));
    errno = 0;
    CHECK_EQ(-1, syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 1)); /* the sixth arrives */
    CHECK_EQ(EINVAL, errno);
    errno = 0;
    CHECK_EQ(-1, syscall(100000));
    CHECK_EQ(ENOSYS, errno);
}

static void twice(void)
{
    for (int i = 0; i < 3; i++) {
        fflush(stdout);
        long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
        CHECK(pid >= 0);
        if (pid == 0)
            _exit(0);
        reap((pid_t)pid);
    }
}

int main(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    begin();
    for (int i = 0; i < 2; i++) {
        by_prctl();
        by_syscall();
        twice();
        contend(&mutex, 4, 1000);
    }
    return 0;
}
