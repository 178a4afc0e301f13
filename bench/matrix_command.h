/* SPDX-License-Identifier: MIT */
/* The standard set of cells, measured for many locks, and what it comes to. */
#ifndef BENCH_MATRIX_COMMAND_H
#define BENCH_MATRIX_COMMAND_H

/* argv after the word "matrix". Returns the exit status. */
int bench_matrix_main(int argc, char **argv);

#endif
