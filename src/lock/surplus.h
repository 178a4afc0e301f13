/* SPDX-License-Identifier: MIT */
/*
 * Many cores: each that looks takes the lock's cache line from the owner. So there are seats (seats.h), and who has none rests. The
 * part of the policy that decides that, for the other part.
 */
#ifndef ONCPU_LOCK_SURPLUS_H
#define ONCPU_LOCK_SURPLUS_H

#include "policy.h"

/* A wait begins: nobody knows yet whether there is a seat. */
void oncpu_surplus_begin(void);

/* Whether there was none in this wait. */
bool oncpu_surplus_is(void);

/* A rest for lack of a seat is over. */
void oncpu_surplus_rested(const struct oncpu_rest *rest);

/* Another one, ns, if the claim was refused; 0: none. Not the same for all: `differs` is another number for each. */
uint32_t oncpu_surplus_next_rest(uint64_t differs);

#endif
