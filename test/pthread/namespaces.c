/* SPDX-License-Identifier: MIT */
/*
 * Description: a process in a new PID namespace, a new user namespace, or both, entered before or after it had threads.
 * Holds: Linux pid_namespaces(7), user_namespaces(7): gettid() there is not the id that the rest of the machine sees.
 */
#include "check.h"

enum { ROUNDS = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void contend_here(void)
{
    contend(&mutex, 4, ROUNDS);
    pthread_mutexattr_t attr;
    pthread_mutex_t checked;
    CHECK_EQ(0, pthread_mutexattr_init(&attr));
    CHECK_EQ(0, pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK));
    CHECK_EQ(0, pthread_mutex_init(&checked, &attr));
    contend(&checked, 4, ROUNDS);
}

/* A joined thread can still be on its way out of the kernel, which counts it for a moment: EINVAL. */
static int unshare_alone(int flags)
{
    enum { TRIES = 2000 };
    int result = unshare(flags);

    for (int i = 0; i < TRIES && result != 0 && errno == EINVAL; i++) {
        sleep_ms(1);
        result = unshare(flags);
    }
    return result;
}

static void enter(int flags, int threads_first)
{
    if (threads_first)
        contend_here();
    if (unshare_alone(flags) != 0) {
        if (errno == EPERM || errno == ENOSPC || errno == ENOSYS || errno == EINVAL || errno == EUSERS)
            skip("unshare(2) of PID or user namespaces is not permitted here");
        CHECK(0);
    }
    pid_t pid = fork_child();
    if (pid == 0) {
        CHECK_EQ(flags & CLONE_NEWPID ? 1 : getpid(), getpid());
        contend_here();
        pid_t grandchild = fork_child();
        if (grandchild == 0) {
            contend_here();
            _exit(0);
        }
        reap(grandchild);
        _exit(0);
    }
    if (!(flags & CLONE_NEWPID)) /* else this process may make no threads any more */
        contend_here();
    reap(pid);
    _exit(0);
}

int main(void)
{
    static const int flags[] = {CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWPID};

    begin();
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        for (int threads_first = 0; threads_first < 2; threads_first++) {
            pid_t pid = fork_child();
            if (pid == 0)
                enter(flags[i], threads_first);
            reap(pid);
            printf("namespaces %zu: contended\n", i);
        }
    return 0;
}
