/* SPDX-License-Identifier: MIT */
/* The commands that read saved results and measure nothing. */
#ifndef BENCH_COMMANDS_H
#define BENCH_COMMANDS_H

/* argv from the command's name on. They return the exit status; 2: there was nothing to work with. */
int bench_summary_main(int argc, char **argv);
int bench_report_main(int argc, char **argv);
int bench_diff_main(int argc, char **argv); /* 1: something got worse */

#endif
