/* SPDX-License-Identifier: MIT */
/*
 * Description: condition variables hand the mutex back to the waiter that they took it from: ping-pong, signal with and
 * without the mutex, for every kind that may wait.
 * Holds: POSIX XSH pthread_cond_wait, pthread_cond_signal, pthread_cond_broadcast.
 */
#include "fields.h"
#include "kinds.h"

enum { ROUNDS = 1000, PLAYERS = 3 };

struct game {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    int turn;
    long moves;
};

struct player {
    struct game *game;
    int number;
};

static void *play(void *arg)
{
    struct player *p = arg;
    struct game *g = p->game;

    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(0, pthread_mutex_lock(&g->mutex));
        while (g->turn != p->number) {
            CHECK_EQ(0, pthread_cond_wait(&g->moved, &g->mutex));
            CHECK_EQ(gettid(), g->mutex.__data.__owner);
            CHECK(g->mutex.__data.__lock != 0);
        }
        g->turn = (g->turn + 1) % PLAYERS;
        g->moves++;
        if (i % 2)
            CHECK_EQ(0, pthread_cond_broadcast(&g->moved));
        CHECK_EQ(0, pthread_mutex_unlock(&g->mutex));
        if (i % 2 == 0)
            CHECK_EQ(0, pthread_cond_broadcast(&g->moved));
    }
    return NULL;
}

static void one_game(const struct kind *kind)
{
    struct game g = {.turn = 0};
    struct player players[PLAYERS];
    pthread_t threads[PLAYERS];

    init_kind(&g.mutex, kind);
    CHECK_EQ(0, pthread_cond_init(&g.moved, NULL));
    for (int i = 0; i < PLAYERS; i++) {
        players[i] = (struct player){&g, i};
        threads[i] = go(play, &players[i]);
    }
    for (int i = 0; i < PLAYERS; i++)
        join(threads[i]);
    CHECK_EQ((long)ROUNDS * PLAYERS, g.moves);
    show_fields(kind->name, &g.mutex);
    EXPECT(0, pthread_cond_destroy(&g.moved));
    EXPECT(0, pthread_mutex_destroy(&g.mutex));
}

int main(void)
{
    begin();
    for (int k = 0; k < KINDS; k++)
        if (kinds[k].protocol == PTHREAD_PRIO_NONE)
            one_game(&kinds[k]);
    return 0;
}
