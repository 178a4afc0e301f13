/* SPDX-License-Identifier: MIT */
/* Starts and ends a world's threads, and gives them their turns. */
#include "world.h"

#include "call.h"

#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <unistd.h>

enum { STACK_SIZE = 128 * 1024 };

/* A failing machine is not a difference between implementations. */
static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "fuzz: cannot go on: %s\n", what);
    _exit(2);
}

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore))
        continue;
}

/*
 * The drop-in, as glibc, goes by this flag to do without atomic operations. In a world where threads take strict turns
 * (the semaphores order them), it may do so with the same results.
 */
static void set_single(bool single)
{
    __libc_single_threaded = single;
}

static void *live(void *argument)
{
    struct actor *me = argument;
    struct world *world = me->world;

    me->tid = gettid();
    sem_post(&me->done);
    for (wait_for(&me->go); me->step; wait_for(&me->go)) {
        const struct step *step = me->step;
        bool mixed = step->mix >> me->number & 1;

        set_single(world->single);
        me->result = fuzz_call(world, step, &world->mutexes[step->mutex], mixed ? world->other : world->first);
        set_single(false);
        sem_post(&me->done);
    }
    return NULL;
}

static void start_thread(struct world *world, int number)
{
    struct actor *actor = &world->actors[number];
    pthread_attr_t attr;

    actor->world = world;
    actor->number = number;
    sem_init(&actor->go, 0, 0);
    sem_init(&actor->done, 0, 0);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    need(!world->home->create(&actor->thread, &attr, live, actor), "pthread_create");
    pthread_attr_destroy(&attr);
    wait_for(&actor->done);
    actor->alive = true;
    need(world->ntids < FUZZ_TIDS, "too many threads");
    world->tids[world->ntids++] = actor->tid;
}

pid_t fuzz_actor_tid(struct world *world, int actor)
{
    if (!world->actors[actor].alive)
        start_thread(world, actor);
    return world->actors[actor].tid;
}

static void post(struct world *world, int number, const struct step *step)
{
    fuzz_actor_tid(world, number);
    world->actors[number].step = step;
    sem_post(&world->actors[number].go);
}

static int result_of(struct world *world, int number)
{
    wait_for(&world->actors[number].done);
    return world->actors[number].result;
}

static void end_thread(struct world *world, int number)
{
    struct actor *actor = &world->actors[number];

    if (!actor->alive)
        return;
    post(world, number, NULL);
    need(!pthread_join(actor->thread, NULL), "pthread_join");
    actor->alive = false;
}

void fuzz_world_begin(struct world *world, bool single)
{
    memset(world->mutexes, 0, sizeof(world->mutexes));
    world->ntids = 0;
    world->single = single;
}

void fuzz_world_end(struct world *world)
{
    for (int i = 0; i < FUZZ_ACTORS; i++)
        end_thread(world, i);
}

/* Until the other one sleeps on the mutex, or has its result without a sleep; or some time, if it prefers to spin. */
static void let_wait(struct world *world, int number, const pthread_mutex_t *mutex)
{
    static const struct timespec while_ = {0, 20000};
    int posted;

    for (int i = 0; i < 50 && !fuzz_has_waiters(mutex); i++) {
        if (sem_getvalue(&world->actors[number].done, &posted) || posted)
            return;
        nanosleep(&while_, NULL);
    }
}

/* One waits, the other lets go: the waiter must get it, whoever's functions the two use. */
static int play_hand_off(struct world *world, const struct step *step)
{
    static const enum op ways[] = {OP_LOCK, OP_LOCK, OP_TIMEDLOCK, OP_CLOCKLOCK};
    struct step wait = *step;
    struct step release = *step;
    pthread_mutex_t *mutex = &world->mutexes[step->mutex];
    int result = 0;

    wait.op = ways[step->arg % 4];
    wait.clock = wait.op == OP_TIMEDLOCK ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    fuzz_set_time_far(&wait);
    release.op = OP_UNLOCK;
    post(world, step->other, &wait);
    if (step->arg & 16)
        let_wait(world, step->other, mutex);
    if ((step->arg & 32) && fuzz_is_robust(mutex)) {
        end_thread(world, step->actor);
    } else {
        post(world, step->actor, &release);
        result = result_of(world, step->actor);
    }
    return result * 1000 + result_of(world, step->other);
}

/* In a crowd nobody waits for a turn. */
static int play_crowd(struct world *world, const struct step *step)
{
    int sum = 0;

    world->crowd = 0;
    for (int i = 0; i < FUZZ_ACTORS; i++)
        post(world, i, step);
    for (int i = 0; i < FUZZ_ACTORS; i++)
        sum += result_of(world, i);
    return sum ? sum : (int)world->crowd - FUZZ_ACTORS * FUZZ_CROWD_ROUNDS;
}

int fuzz_play(struct world *world, const struct step *step)
{
    switch (step->op) {
    case OP_RESTART:
        end_thread(world, step->actor);
        return 0;
    case OP_HAND_OFF:
        return play_hand_off(world, step);
    case OP_CROWD:
        return play_crowd(world, step);
    default:
        post(world, step->actor, step);
        return result_of(world, step->actor);
    }
}
