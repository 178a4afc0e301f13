/* SPDX-License-Identifier: MIT */
/* What surrounds a run, whatever the workload: neighbours, the CPUs it may use, a quota. */
#ifndef BENCH_CONDITIONS_H
#define BENCH_CONDITIONS_H

#include "cell.h"
#include "measure.h"
#include "neighbours.h"

#include <sched.h>
#include <stdbool.h>

struct bench_conditions {
    const struct bench_cell *cell;
    cpu_set_t cpus_before;
    struct bench_neighbours neighbours;
    uint64_t from_ns, to_ns; /* the measured time, and what the neighbours had got of it */
    uint64_t from_cpu_ns, to_cpu_ns;
};

/* Tries them. False: they cannot be had here, and `why` says what is missing. */
bool bench_conditions_possible(const struct bench_cell *cell, char *why, size_t size);

/* Around a run, by the thread that will create the others. False: nothing has changed, and `why` says what failed. */
bool bench_conditions_enter(struct bench_conditions *conditions, const struct bench_cell *cell, char *why, size_t size);
void bench_conditions_leave(struct bench_conditions *conditions);

/* Where the measured time begins and ends. */
void bench_conditions_start(struct bench_conditions *conditions);
void bench_conditions_stop(struct bench_conditions *conditions);

/* Between stop and leave: fills the figures that the workload cannot know. */
void bench_conditions_measure(const struct bench_conditions *conditions, struct bench_measure *measure);

/* For a heading: ", 2 neighbours, 1 CPU, quota 50 %"; "" where nothing is special. */
void bench_conditions_describe(const struct bench_cell *cell, char *text, size_t size);

/* For a benchmark's name: "/neighbours:2/cpus:1/quota:50"; "" where nothing is special. */
void bench_conditions_name(const struct bench_cell *cell, char *text, size_t size);

#endif
