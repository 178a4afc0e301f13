/* SPDX-License-Identifier: MIT */
/*
 * Description: a process-shared condition variable and mutex: two processes take turns.
 * Holds: POSIX XSH pthread_condattr_setpshared, pthread_mutexattr_setpshared.
 */
#include "kinds.h"
#include <sys/mman.h>

enum { ROUNDS = 1000 };

struct table {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    int turn;
};

static void play(struct table *t, int me)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(0, pthread_mutex_lock(&t->mutex));
        while (t->turn % 2 != me)
            CHECK_EQ(0, pthread_cond_wait(&t->moved, &t->mutex));
        t->turn++;
        CHECK_EQ(0, pthread_cond_signal(&t->moved));
        CHECK_EQ(0, pthread_mutex_unlock(&t->mutex));
    }
}

int main(void)
{
    pthread_condattr_t attr;

    begin();
    CHECK_EQ(0, pthread_condattr_init(&attr));
    CHECK_EQ(0, pthread_condattr_setpshared(&attr, PTHREAD_PROCESS_SHARED));
    for (int k = 0; k < KINDS; k++) {
        if (!kinds[k].pshared || kinds[k].protocol != PTHREAD_PRIO_NONE)
            continue;
        struct table *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        CHECK(t != MAP_FAILED);
        init_kind(&t->mutex, &kinds[k]);
        CHECK_EQ(0, pthread_cond_init(&t->moved, &attr));
        pid_t pid = fork_child();
        if (pid == 0) {
            play(t, 1);
            _exit(0);
        }
        play(t, 0);
        reap(pid);
        CHECK_EQ(2 * ROUNDS, t->turn);
        printf("%s: both played\n", kinds[k].name);
    }
    return 0;
}
