/* SPDX-License-Identifier: MIT */
/*
 * Description: the root directory is empty and the standard descriptors are closed when the first thread is made: the
 * program contends, and descriptors 0, 1 and 2 are still free for it afterwards.
 * Holds: POSIX XSH open ("the lowest numbered unused file descriptor"); chroot(2), daemon(7).
 */
#include "check.h"
#include <fcntl.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* The result can be told by the exit status only. */
static void standard_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    contend(&mutex, 6, 2000);
    for (int fd = 0; fd < 3; fd++)
        if (open("/dev/null", O_RDWR) != fd)
            _exit(1);
    contend(&mutex, 6, 2000);
    _exit(0);
}

static void empty_root(const char *directory)
{
    if (chroot(directory) != 0)
        skip("chroot(2) is not permitted");
    CHECK_EQ(0, chdir("/"));
    contend(&mutex, 6, 2000);
    _exit(0);
}

int main(void)
{
    char directory[] = "/tmp/oncpu-root.XXXXXX";
    int status;

    begin();
    pid_t pid = fork_child();
    if (pid == 0)
        standard_descriptors();
    reap(pid);
    CHECK(mkdtemp(directory) != NULL);
    pid = fork_child();
    if (pid == 0)
        empty_root(directory);
    CHECK_EQ(pid, waitpid(pid, &status, 0));
    CHECK_EQ(0, rmdir(directory));
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP_STATUS)
        return SKIP_STATUS;
    CHECK_EQ(0, status);
    return 0;
}
