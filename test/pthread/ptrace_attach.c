/* SPDX-License-Identifier: MIT */
/*
 * Description: a debugger attaches to all threads of a contending process, lets it go, and attaches again.
 * Holds: ptrace(2), PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH: what gdb and strace do; an interrupted futex wait goes on.
 */
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>

enum { ROUNDS = 20, RUN_MS = 10, HELD_MS = 2, MAX_THREADS = 64 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void work(int done)
{
    char byte = 0;

    while (read(done, &byte, 1) != 1) /* the end is not blocking: nothing there yet */
        contend(&mutex, 6, 300);
    _exit(0);
}

/* The threads there are now: some end before they are seized, and new ones come. */
static int list(pid_t pid, pid_t tids[MAX_THREADS])
{
    char path[64];
    int count = 0;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);

    CHECK(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) && count < MAX_THREADS;)
        if (entry->d_name[0] != '.')
            tids[count++] = (pid_t)strtol(entry->d_name, NULL, 10);
    closedir(folder);
    return count;
}

static bool stop(pid_t tid)
{
    int status;

    if (ptrace(PTRACE_SEIZE, tid, 0, 0)) {
        CHECK(errno == ESRCH || errno == EPERM); /* it has ended */
        return false;
    }
    if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) || waitpid(tid, &status, __WALL) != tid)
        return false;
    return WIFSTOPPED(status);
}

static int attach_and_detach(pid_t pid)
{
    pid_t tids[MAX_THREADS];
    bool stopped[MAX_THREADS];
    int count = list(pid, tids);
    int held = 0;

    for (int i = 0; i < count; i++)
        held += stopped[i] = stop(tids[i]);
    sleep_ms(HELD_MS);
    for (int i = 0; i < count; i++)
        CHECK(!stopped[i] || !ptrace(PTRACE_DETACH, tids[i], 0, 0) || errno == ESRCH);
    return held;
}

int main(void)
{
    int ends[2];
    int status;
    int held = 0;

    begin();
    CHECK_EQ(0, pipe2(ends, O_NONBLOCK));
    pid_t pid = fork_child();
    if (pid == 0)
        work(ends[0]);
    if (ptrace(PTRACE_SEIZE, pid, 0, 0)) {
        kill(pid, SIGKILL);
        skip("ptrace() is not allowed here");
    }
    CHECK_EQ(0, ptrace(PTRACE_INTERRUPT, pid, 0, 0));
    CHECK_EQ(pid, waitpid(pid, &status, __WALL));
    CHECK_EQ(0, ptrace(PTRACE_DETACH, pid, 0, 0));
    for (int i = 0; i < ROUNDS; i++) {
        sleep_ms(RUN_MS);
        held += attach_and_detach(pid);
    }
    CHECK(held >= ROUNDS); /* it was not all in vain */
    CHECK_EQ(1, write(ends[1], "", 1));
    CHECK_EQ(pid, waitpid(pid, &status, 0));
    CHECK_EQ(0, status);
    puts("it went on after each time");
    return 0;
}
