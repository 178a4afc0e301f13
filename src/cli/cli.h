/* SPDX-License-Identifier: MIT */
/*
 * The subcommands of `oncpu`.
 */
#ifndef ONCPU_CLI_CLI_H
#define ONCPU_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses of our own, as env(1) and nohup(1) have them; everything else is the command's. */
#define ONCPU_EXIT_USAGE 125
#define ONCPU_EXIT_CANNOT_RUN 126
#define ONCPU_EXIT_NOT_FOUND 127

/* Each gets its own name as argv[0], and returns the exit status. */
int oncpu_cli_run(int argc, char **argv);
int oncpu_cli_enable(int argc, char **argv);
int oncpu_cli_disable(int argc, char **argv);
int oncpu_cli_status(int argc, char **argv);
int oncpu_cli_doctor(int argc, char **argv);

/* The path of the drop-in, as LD_PRELOAD takes it. False: it was not found, and the reason is on standard error. */
bool oncpu_cli_dropin(char *path, size_t size);

/* Puts the drop-in in front of what LD_PRELOAD has already. False: no memory. */
bool oncpu_cli_preload(const char *dropin);

#endif
