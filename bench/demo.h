/* SPDX-License-Identifier: MIT */
/* The comparison for somebody who has never seen this project: one table, no questions left. */
#ifndef BENCH_DEMO_H
#define BENCH_DEMO_H

/* argv after the word "demo". Returns the exit status. */
int bench_demo_main(int argc, char **argv);

#endif
