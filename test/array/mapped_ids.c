/* SPDX-License-Identifier: MIT */
/*
 * A user who may map many user ids into a namespace of its own has one share with all of them, in namespaces inside it, too.
 *
 * usage: mapped_ids SHARE    as root, who makes the map; the user is 65534
 */
#include "child.h"

#include <fcntl.h>
#include <grp.h>
#include <oncpu/oncpu.h>
#include <pthread.h>
#include <sched.h>

#define USER 65534
#define ATTEMPTS 64
#define IDS 6

static int answers[2]; /* a byte for each thread that has a record */
static int end[2];     /* until it ends, all stay */

static void *join(void *unused)
{
    char none = 0;

    (void)unused;
    if (!oncpu_thread_register())
        CHECK(write(answers[1], "r", 1) == 1);
    else
        CHECK(write(answers[1], "-", 1) == 1);
    CHECK(read(end[0], &none, 1) == 0);
    return NULL;
}

static void join_with_threads(void)
{
    pthread_t threads[ATTEMPTS];

    close(end[1]);
    CHECK(oncpu_init() == 0 && oncpu_source() == ONCPU_SOURCE_ARRAY);
    for (int i = 0; i < ATTEMPTS; i++)
        CHECK(pthread_create(&threads[i], NULL, join, NULL) == 0);
    for (int i = 0; i < ATTEMPTS; i++)
        pthread_join(threads[i], NULL);
}

/* How many of the threads that have tried since have a record. */
static unsigned hear(void)
{
    unsigned registered = 0;
    char answer;

    for (int i = 0; i < ATTEMPTS; i++) {
        CHECK(read(answers[0], &answer, 1) == 1);
        registered += answer == 'r';
    }
    return registered;
}

/* As user `id` of the namespace; the last one in a namespace inside it, where it is root. */
static void be(unsigned id)
{
    CHECK(setresgid(id, id, id) == 0 && setresuid(id, id, id) == 0);
    CHECK(geteuid() == id);
    if (id == IDS - 1)
        CHECK(unshare(CLONE_NEWUSER) == 0);
    join_with_threads();
    _exit(0);
}

static unsigned join_as_each(void)
{
    pid_t children[IDS];
    unsigned registered = 0;

    for (unsigned id = 0; id < IDS; id++) {
        children[id] = fork();
        CHECK(children[id] >= 0);
        if (!children[id])
            be(id);
        registered += hear();
    }
    close(end[1]);
    for (unsigned id = 0; id < IDS; id++)
        CHECK(test_child_status(children[id]) == 0);
    return registered;
}

static void write_file(pid_t pid, const char *name, const char *text)
{
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void in_namespace(unsigned share, int made, int mapped)
{
    unsigned registered;
    char none;

    CHECK(setgroups(0, NULL) == 0 && setresgid(USER, USER, USER) == 0 && setresuid(USER, USER, USER) == 0);
    if (unshare(CLONE_NEWUSER))
        test_skip("no user namespaces for users");
    CHECK(write(made, "m", 1) == 1 && read(mapped, &none, 1) == 1);
    registered = join_as_each();
    if (registered != share)
        fprintf(stderr, "%u threads registered, of a share of %u\n", registered, share);
    CHECK(registered == share);
}

int main(int argc, char **argv)
{
    unsigned share = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
    int made[2];
    int mapped[2];
    pid_t child;
    char none;

    CHECK(share > 0 && share < ATTEMPTS && geteuid() == 0);
    CHECK(pipe(answers) == 0 && pipe(end) == 0 && pipe(made) == 0 && pipe(mapped) == 0);
    child = fork();
    CHECK(child >= 0);
    if (!child) {
        in_namespace(share, made[1], mapped[0]);
        _exit(0);
    }
    close(made[1]);
    close(end[0]);
    close(end[1]);
    if (read(made[0], &none, 1) == 1) {
        write_file(child, "uid_map", "0 65534 1\n1 200000 50\n");
        write_file(child, "gid_map", "0 65534 1\n1 200000 50\n");
        CHECK(write(mapped[1], "m", 1) == 1);
    }
    return test_child_status(child);
}
