/* SPDX-License-Identifier: MIT */
/*
 * Description: a broadcast wakes 2000 waiters, and the condition variable may be destroyed as soon as it returned.
 * Holds: POSIX XSH pthread_cond_broadcast, pthread_cond_destroy ("destroyed immediately after all the threads ... are
 * awakened").
 */
#include "kinds.h"

enum { WAITERS = 2000, ROUNDS = 300 };

struct herd {
    pthread_mutex_t mutex;
    pthread_cond_t all_wait, go;
    int waiting, woken, want, started;
};

static void *wait_in_herd(void *arg)
{
    struct herd *h = arg;

    CHECK_EQ(0, pthread_mutex_lock(&h->mutex));
    if (++h->waiting == h->want)
        CHECK_EQ(0, pthread_cond_signal(&h->all_wait));
    while (!h->started)
        CHECK_EQ(0, pthread_cond_wait(&h->go, &h->mutex));
    h->woken++;
    CHECK_EQ(0, pthread_mutex_unlock(&h->mutex));
    return NULL;
}

static void run_herd(struct herd *h, int waiters, int destroy)
{
    static pthread_t threads[WAITERS];
    pthread_attr_t attr;

    CHECK_EQ(0, pthread_attr_init(&attr));
    CHECK_EQ(0, pthread_attr_setstacksize(&attr, 64 * 1024));
    h->want = waiters;
    h->waiting = h->woken = h->started = 0;
    CHECK_EQ(0, pthread_cond_init(&h->go, NULL));
    for (int i = 0; i < waiters; i++)
        CHECK_EQ(0, pthread_create(&threads[i], &attr, wait_in_herd, h));
    CHECK_EQ(0, pthread_mutex_lock(&h->mutex));
    while (h->waiting < waiters)
        CHECK_EQ(0, pthread_cond_wait(&h->all_wait, &h->mutex));
    h->started = 1;
    CHECK_EQ(0, pthread_cond_broadcast(&h->go));
    if (destroy) {
        CHECK_EQ(0, pthread_mutex_unlock(&h->mutex));
        CHECK_EQ(0, pthread_cond_destroy(&h->go));
        memset(&h->go, 0xff, sizeof(h->go));
    } else {
        CHECK_EQ(0, pthread_mutex_unlock(&h->mutex));
    }
    for (int i = 0; i < waiters; i++)
        join(threads[i]);
    CHECK_EQ(waiters, h->woken);
    CHECK_EQ(0, pthread_attr_destroy(&attr));
}

int main(void)
{
    begin();
    for (int type = TYPE_DEFAULT; type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++) {
        struct herd h = {.all_wait = PTHREAD_COND_INITIALIZER};

        init_type(&h.mutex, type);
        if (type <= PTHREAD_MUTEX_NORMAL)
            run_herd(&h, WAITERS, 1);
        for (int i = 0; i < ROUNDS; i++)
            run_herd(&h, 4, i % 2);
        CHECK_EQ(0, pthread_mutex_destroy(&h.mutex));
        printf("type %d: all woken\n", type);
    }
    return 0;
}
