/* SPDX-License-Identifier: MIT */
/* What one thread does in one step. */
#ifndef FUZZ_CALL_H
#define FUZZ_CALL_H

#include "world.h"

enum { FUZZ_CROWD_ROUNDS = 4 };

/* To be called by the step's thread; returns what the calls returned. */
int fuzz_call(struct world *world, const struct step *step, pthread_mutex_t *mutex, const struct functions *use);

#endif
