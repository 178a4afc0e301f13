/* SPDX-License-Identifier: MIT */
/*
 * What hostile.c and its array have to do with each other.
 */
#ifndef ONCPU_TEST_HOSTILE_H
#define ONCPU_TEST_HOSTILE_H

#include <oncpu/thread_state_abi.h>

/* From now on garbage is written into that record. */
void hostile_get_to_know(struct oncpu_thread_record *record);

#endif
