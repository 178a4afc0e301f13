/* SPDX-License-Identifier: MIT */
/*
 * A world: mutexes and the threads that use them, one at a time unless a step says otherwise. All worlds play the same
 * steps; threads of their own keep what glibc notes per thread (robust lists, priorities) apart.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "functions.h"
#include "mutex_state.h"

#include <semaphore.h>

enum { FUZZ_TIDS = FUZZ_ACTORS + FUZZ_STEPS };

struct actor {
    struct world *world;
    int number;
    bool alive;
    pthread_t thread;
    pid_t tid;
    sem_t go;
    sem_t done;
    const struct step *step; /* NULL: end */
    int result;
};

struct world {
    const char *name;
    const struct functions *home;  /* whose pthread_create() the threads come from */
    const struct functions *first; /* used by actors whose bit in step.mix is 0, */
    const struct functions *other; /* and is 1 */
    bool single;
    pthread_mutex_t mutexes[FUZZ_MUTEXES];
    struct actor actors[FUZZ_ACTORS];
    pid_t tids[FUZZ_TIDS];
    int ntids;
    long crowd; /* what the crowd counts under the mutex */
};

void fuzz_world_begin(struct world *world, bool single);
void fuzz_world_end(struct world *world);

/* The actor's tid. Starts its thread if need be. */
pid_t fuzz_actor_tid(struct world *world, int actor);

/* Plays one step, returns what the calls returned. */
int fuzz_play(struct world *world, const struct step *step);

#endif
