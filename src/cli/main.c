/* SPDX-License-Identifier: MIT */
/*
 * `oncpu`: chooses the subcommand.
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"run", oncpu_cli_run, "run a command with the drop-in mutex"},
    {"enable", oncpu_cli_enable, "let all processes of this machine know which threads run"},
    {"disable", oncpu_cli_disable, "end that"},
    {"status", oncpu_cli_status, "say what is enabled, and what it costs"},
    {"doctor", oncpu_cli_doctor, "say what can be used here, and why not more"},
};

static void usage(FILE *out)
{
    fputs("Usage: oncpu COMMAND [options]\n\nCommands:\n", out);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`oncpu COMMAND --help` says more; `oncpu --version` prints the version.\n", out);
}

int main(int argc, char **argv)
{
    if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        usage(stdout);
        return 0;
    }
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        puts("oncpu " ONCPU_VERSION);
        return 0;
    }
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].main(argc - 1, argv + 1);
    if (argc > 1)
        fprintf(stderr, "oncpu: no such command: %s\n", argv[1]);
    usage(stderr);
    return ONCPU_EXIT_USAGE;
}
