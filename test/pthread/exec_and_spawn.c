/* SPDX-License-Identifier: MIT */
/*
 * Description: vfork and exec, posix_spawn, system and exec from a second thread, while threads contend: the new
 * programs contend too, and inherit no file descriptor that this one did not have.
 * Holds: POSIX XSH exec ("as if by a call to close" for FD_CLOEXEC; other threads end), posix_spawn.
 */
#include "check.h"
#include <dirent.h>
#include <spawn.h>

enum { THREADS = 4, STARTS = 5, ROUNDS = 1000 };

extern char **environ;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int stop;

static int open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    CHECK(dir != NULL);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* What the new program does: it must start with the three standard descriptors only. */
static int started(void)
{
    enum { STANDARD = 3, DOTS = 2, THE_DIRECTORY = 1 };

    CHECK_EQ(STANDARD + DOTS + THE_DIRECTORY, open_descriptors());
    contend(&mutex, THREADS, ROUNDS);
    return 0;
}

static void *keep_busy(void *arg)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) { /* with the store in in_the_middle(); orders nothing */
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        sched_yield();
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    }
    return arg;
}

static void start_by_vfork(char *const *argv)
{
    pid_t pid = vfork();

    if (pid == 0) {
        execve("/proc/self/exe", argv, environ);
        _exit(2);
    }
    CHECK(pid > 0);
    reap(pid);
}

static void start_by_spawn(char *const *argv)
{
    pid_t pid;

    CHECK_EQ(0, posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ));
    reap(pid);
}

static void *exec_here(void *argv)
{
    CHECK_EQ(0, pthread_mutex_lock(&mutex));
    execve("/proc/self/exe", argv, environ);
    _exit(2);
}

static void exec_from_thread(char *const *argv)
{
    pid_t pid = fork_child();

    if (pid == 0) {
        CHECK_EQ(0, pthread_mutex_init(&mutex, NULL)); /* another thread may have held it */
        contend(&mutex, THREADS, ROUNDS);
        for (int i = 0; i < 3; i++)
            go(keep_busy, NULL);
        go(exec_here, (void *)argv);
        for (;;)
            pause();
    }
    reap(pid);
}

static void in_the_middle(char *const *argv)
{
    pthread_t threads[3];

    for (int i = 0; i < 3; i++)
        threads[i] = go(keep_busy, NULL);
    for (int i = 0; i < STARTS; i++) {
        start_by_vfork(argv);
        start_by_spawn(argv);
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        CHECK_EQ(0, system("exit 0"));
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
        exec_from_thread(argv);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED); /* with the load in keep_busy() */
    for (int i = 0; i < 3; i++)
        join(threads[i]);
}

int main(int argc, char **argv)
{
    char *const again[] = {argv[0], "again", NULL};

    begin();
    if (argc > 1)
        return started();
    for (int fd = 3; fd < 1024; fd++) /* what the runner may have left open */
        close(fd);
    in_the_middle(again);
    printf("all started\n");
    return 0;
}
