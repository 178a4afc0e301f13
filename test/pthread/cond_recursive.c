/* SPDX-License-Identifier: MIT */
/*
 * Description: a wait on a recursive mutex at depth 1 releases it, and restores owner and depth; a robust one whose
 * owner died during the wait gives EOWNERDEAD.
 * Holds: POSIX XSH pthread_cond_wait, PTHREAD_MUTEX_RECURSIVE, pthread_mutexattr_setrobust.
 */
#include "fields.h"
#include "kinds.h"

struct post {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    int letters, dies;
};

static void *deliver(void *arg)
{
    struct post *p = arg;

    CHECK_EQ(0, pthread_mutex_lock(&p->mutex));
    p->letters++;
    CHECK_EQ(0, pthread_cond_signal(&p->filled));
    if (!p->dies)
        CHECK_EQ(0, pthread_mutex_unlock(&p->mutex));
    return NULL;
}

static void depth_one(void)
{
    struct post p = {.filled = PTHREAD_COND_INITIALIZER};

    init_type(&p.mutex, PTHREAD_MUTEX_RECURSIVE);
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(0, pthread_mutex_lock(&p.mutex));
        p.letters = 0;
        pthread_t thread = go(deliver, &p);
        while (p.letters == 0)
            CHECK_EQ(0, pthread_cond_wait(&p.filled, &p.mutex));
        CHECK_EQ(1, p.mutex.__data.__count);
        CHECK_EQ(gettid(), p.mutex.__data.__owner);
        CHECK_EQ(0, pthread_mutex_lock(&p.mutex));
        CHECK_EQ(2, p.mutex.__data.__count);
        CHECK_EQ(0, pthread_mutex_unlock(&p.mutex));
        CHECK_EQ(0, pthread_mutex_unlock(&p.mutex));
        join(thread);
    }
    show_fields("recursive", &p.mutex);
    EXPECT(EPERM, pthread_mutex_unlock(&p.mutex));
}

static void owner_dies(void)
{
    const struct kind robust = {"", PTHREAD_MUTEX_NORMAL, 1, PTHREAD_PRIO_NONE, 0};
    struct post p = {.filled = PTHREAD_COND_INITIALIZER, .dies = 1};

    init_kind(&p.mutex, &robust);
    EXPECT(0, pthread_mutex_lock(&p.mutex));
    pthread_t thread = go(deliver, &p);
    EXPECT(EOWNERDEAD, pthread_cond_wait(&p.filled, &p.mutex));
    CHECK_EQ(1, p.letters);
    EXPECT(0, pthread_mutex_consistent(&p.mutex));
    EXPECT(0, pthread_mutex_unlock(&p.mutex));
    join(thread);
}

int main(void)
{
    begin();
    depth_one();
    owner_dies();
    return 0;
}
