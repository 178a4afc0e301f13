/* SPDX-License-Identifier: MIT */
/* What the bytes of an input mean: a sequence of steps, each one call by one thread on one mutex. */
#ifndef FUZZ_STEP_H
#define FUZZ_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { FUZZ_ACTORS = 3, FUZZ_MUTEXES = 3, FUZZ_STEPS = 64, FUZZ_BYTES_A_STEP = 4 };

enum op {
    OP_INIT,     /* with attributes */
    OP_STATIC,   /* one of the static initializers */
    OP_RAW_KIND, /* a kind that no initializer makes */
    OP_LOCK,
    OP_TRYLOCK,
    OP_TIMEDLOCK,
    OP_CLOCKLOCK,
    OP_UNLOCK,
    OP_DESTROY,
    OP_CONSISTENT,
    OP_GETCEILING,
    OP_SETCEILING,
    OP_DEEPEN,   /* puts a recursive mutex just below its greatest depth */
    OP_COND,     /* pthread_cond_clockwait() that times out: libc releases the mutex and takes it again */
    OP_FORK,     /* the child tries to unlock and to lock what it inherited */
    OP_RESTART,  /* the thread ends, whatever it holds, and another takes its place */
    OP_HAND_OFF, /* the owner releases, or ends, while another waits */
    OP_CROWD,    /* all threads lock and unlock at once */
    OPS
};

struct step {
    enum op op;
    int actor;
    int other; /* who waits in a hand-off */
    int mutex;
    unsigned int arg;
    unsigned int mix; /* one bit per actor: whose functions it uses on the mutex that both implementations share */
    unsigned int time;
    clockid_t clock;
};

struct attributes {
    int type; /* -1: not set */
    int robust;
    int protocol;
    int pshared;
    int ceiling; /* 0: not set */
};

/* The number of steps found. Any bytes are a valid input. *single: play it as a process with one thread would. */
size_t fuzz_decode(const uint8_t *data, size_t size, struct step *steps, bool *single);

struct attributes fuzz_attributes(const struct step *step);
int fuzz_raw_kind(const struct step *step);
int fuzz_ceiling(const struct step *step);

/* The step's time by its clock, counted from now. A call that has to wait may only be given one that is not far. */
struct timespec fuzz_time(const struct step *step);
bool fuzz_time_is_far(const struct step *step);
void fuzz_set_time_near(struct step *step);
void fuzz_set_time_far(struct step *step);

void fuzz_print(FILE *to, const struct step *step);

#endif
