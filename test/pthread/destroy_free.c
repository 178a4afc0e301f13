/* SPDX-License-Identifier: MIT */
/*
 * Description: a mutex in a heap object is freed by the thread that unlocked it last; the memory's next user finds it
 * unchanged by a late unlock.
 * Holds: POSIX XSH pthread_mutex_destroy (EXAMPLES, "Destroying Mutexes": a reference-counted object).
 */
#include "kinds.h"

enum { THREADS = 4, ROUNDS = 6000, FILL = 0x5a };

struct object {
    pthread_mutex_t mutex;
    int references;
};

static struct object *objects[ROUNDS];
static pthread_barrier_t turn;

/* Takes the memory at once for something else, and looks at it a little later. */
static void reuse(void)
{
    unsigned char *other = malloc(sizeof(struct object));

    CHECK(other != NULL);
    memset(other, FILL, sizeof(struct object));
    __asm__ volatile("" : : "r"(other) : "memory");
    sched_yield();
    for (size_t i = 0; i < sizeof(struct object); i++)
        CHECK_EQ(FILL, other[i]);
    free(other);
}

static void *drop_references(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 64 == 0)
            pthread_barrier_wait(&turn);
        struct object *object = objects[i];
        CHECK_EQ(0, pthread_mutex_lock(&object->mutex));
        int left = --object->references;
        if (i % 16 == 0)
            sched_yield();
        CHECK_EQ(0, pthread_mutex_unlock(&object->mutex));
        if (left == 0) {
            CHECK_EQ(0, pthread_mutex_destroy(&object->mutex));
            free(object);
            reuse();
        }
    }
    return arg;
}

int main(void)
{
    begin();
    CHECK_EQ(0, pthread_barrier_init(&turn, NULL, THREADS));
    for (int type = TYPE_DEFAULT; type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++) {
        pthread_t threads[THREADS];

        for (int i = 0; i < ROUNDS; i++) {
            objects[i] = malloc(sizeof(struct object));
            CHECK(objects[i] != NULL);
            init_type(&objects[i]->mutex, type);
            objects[i]->references = THREADS;
        }
        for (int i = 0; i < THREADS; i++)
            threads[i] = go(drop_references, NULL);
        for (int i = 0; i < THREADS; i++)
            join(threads[i]);
    }
    return 0;
}
