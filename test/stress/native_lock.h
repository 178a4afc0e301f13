/* SPDX-License-Identifier: MIT */
/*
 * oncpu_mutex_t and oncpu_cond_t as the checker wants them, and a run with them.
 */
#ifndef ONCPU_TEST_NATIVE_LOCK_H
#define ONCPU_TEST_NATIVE_LOCK_H

#include "checker.h"

#include <oncpu/oncpu.h>

extern const struct checker_lock native_lock;
extern oncpu_mutex_t native_mutex; /* the lock's */

/*
 * Six threads per CPU for two seconds, unless the arguments (threads, milliseconds) say something else; TEST_CPUS=n in the environment: as
 * on a machine with n CPUs.
 */
struct checker_run native_run(int argc, char **argv);

/* How many CPUs the process may use. */
int native_cpus(void);

#endif
