/* SPDX-License-Identifier: MIT */
/* Processes that want a CPU all the time, beside the one that is measured: what a busy machine does to a lock. */
#ifndef BENCH_NEIGHBOURS_H
#define BENCH_NEIGHBOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { BENCH_MAX_NEIGHBOURS = 64 };

/* How a neighbour is started: by this program, with a word that people do not use, and the starter's process id. */
#define BENCH_NEIGHBOUR "neighbour-process"

struct bench_neighbours {
    unsigned n;
    pid_t pids[BENCH_MAX_NEIGHBOURS];
};

/* Starts n of them; when this returns true, they run. False: none is left, and `why` says what was wrong. */
bool bench_neighbours_start(struct bench_neighbours *neighbours, unsigned n, char *why, size_t size);

/* The CPU time that they have had so far, together. */
uint64_t bench_neighbours_cpu_ns(const struct bench_neighbours *neighbours);

void bench_neighbours_end(struct bench_neighbours *neighbours);

/* What main() does for `BENCH_NEIGHBOUR parent`: computes until it is killed, or until its parent dies. */
int bench_neighbour_main(const char *parent);

#endif
