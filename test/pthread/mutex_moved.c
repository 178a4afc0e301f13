/* SPDX-License-Identifier: MIT */
/*
 * Description: free mutexes whose bytes were copied to another place, wiped without destroy, kept in a file from one
 * process to the next, or lie on a four-byte boundary: nothing in them may point at what is gone.
 * Holds: what libc's mutex allows beyond POSIX (XSH 2.9.9 leaves copies undefined), and programs do.
 */
#include "fields.h"
#include "kinds.h"
#include <sys/mman.h>

enum { THREADS = 4, ROUNDS = 800 };

static void copied(const struct kind *kind)
{
    pthread_mutex_t *first = malloc(sizeof(*first)), second;

    init_kind(first, kind);
    contend(first, THREADS, ROUNDS);
    memcpy(&second, first, sizeof(second));
    memset(first, 0xff, sizeof(*first));
    contend(&second, THREADS, ROUNDS);
    show_fields(kind->name, &second);
    free(first);
}

static void wiped(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    for (int i = 0; i < 20; i++) {
        contend(&mutex, THREADS, ROUNDS / 4);
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        memset(&mutex, 0, sizeof(mutex)); /* while it was held: abandoned */
    }
    show_fields("wiped", &mutex);
}

/* libc needs the alignment of an int only, so packed structures with mutexes have been around. */
static void misaligned(void)
{
    static uint64_t space[sizeof(pthread_mutex_t) / sizeof(uint64_t) + 1];
    pthread_mutex_t *mutex = (void *)((char *)space + sizeof(int));

    contend(mutex, THREADS, ROUNDS);
    show_fields("misaligned", mutex);
}

static void *map(int fd)
{
    void *at = mmap(NULL, sizeof(pthread_mutex_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    CHECK(at != MAP_FAILED);
    return at;
}

static void kept_in_file(const struct kind *kind)
{
    int fd = memfd_create("kept", MFD_CLOEXEC);

    CHECK(fd >= 0);
    CHECK_EQ(0, ftruncate(fd, sizeof(pthread_mutex_t)));
    init_kind(map(fd), kind);
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork_child();
        if (pid == 0) {
            contend(map(fd), THREADS, ROUNDS);
            _exit(0);
        }
        reap(pid);
    }
    contend(map(fd), THREADS, ROUNDS);
    show_fields(kind->name, map(fd));
    close(fd);
}

int main(void)
{
    begin();
    for (int k = 0; k < KINDS; k++) {
        if (kinds[k].protocol == PTHREAD_PRIO_NONE && !kinds[k].robust)
            copied(&kinds[k]);
        if (kinds[k].pshared)
            kept_in_file(&kinds[k]);
    }
    wiped();
    misaligned();
    return 0;
}
