/* SPDX-License-Identifier: MIT */
/* Ctrl-C: the run in progress ends, temporary files go, and so do the programs that were started. */
#ifndef BENCH_INTERRUPT_H
#define BENCH_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

void bench_interrupt_catch(void);

/* The signal that asked to stop; 0: none did. */
int bench_interrupted(void);

/* Sleeps, but not past an interrupt. */
void bench_sleep_ns(uint64_t ns);

#endif
