/* SPDX-License-Identifier: MIT */
/*
 * Description: a program makes itself a daemon (two forks, setsid, every descriptor from 3 on closed and given to other
 * files), before or after it had threads, or only closes everything; then it contends, and its files stay its own.
 * Holds: POSIX XSH fork, setsid, close; daemon(7). Whoever closes all descriptors closes those of libraries too.
 */
#include "check.h"
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

enum { FIRST = 3, LAST = 1023, FILES = 40, ROUNDS = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void close_all(void)
{
    for (int fd = FIRST; fd <= LAST; fd++)
        close(fd);
}

static dev_t device_of(int fd)
{
    struct stat st;

    CHECK_EQ(0, fstat(fd, &st));
    CHECK(S_ISCHR(st.st_mode));
    return st.st_rdev;
}

/* Takes the numbers that the library may remember, contends, and looks whether its files are still the same. */
static void use_files(void)
{
    dev_t null = 0;

    for (int i = 0; i < FILES; i++) {
        CHECK_EQ(FIRST + i, open("/dev/null", O_RDWR));
        null = device_of(FIRST + i);
    }
    contend(&mutex, 6, ROUNDS);
    contend(&mutex, 6, ROUNDS);
    for (int i = 0; i < FILES; i++)
        CHECK(device_of(FIRST + i) == null);
}

static void make_daemon(void)
{
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork_child();
        if (pid != 0)
            _exit(0);
        CHECK(i == 1 || setsid() >= 0);
    }
    close_all();
}

static void before_threads(void)
{
    make_daemon();
    use_files();
}

static void after_threads(void)
{
    contend(&mutex, 6, ROUNDS);
    make_daemon();
    use_files();
}

static void same_process(void)
{
    contend(&mutex, 6, ROUNDS);
    close_all();
    use_files();
}

static void same_process_first(void)
{
    close_all();
    use_files();
}

/* Orphaned daemons come back to this process, so it sees how each of them ended. */
int main(void)
{
    void (*const scenes[])(void) = {before_threads, after_threads, same_process, same_process_first};

    begin();
    CHECK_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        int status, ended = 0;

        if (fork_child() == 0) {
            scenes[i]();
            _exit(0);
        }
        while (waitpid(-1, &status, 0) > 0) {
            CHECK_EQ(0, status);
            ended++;
        }
        printf("scene %zu: %d processes ended well\n", i, ended);
    }
    return 0;
}
