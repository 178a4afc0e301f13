/* SPDX-License-Identifier: MIT */
/*
 * `oncpu doctor`: what the locks can know on this machine, why not more, and what would change it.
 */
#include "cli.h"
#include "facts.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: oncpu doctor [--json]\n"
    "Says what oncpu can use here, why not more, and what would change it; leaves nothing behind.\n\n"
    "  --json   print one JSON object\n"
    "  --help   print this\n\n"
    "The exit status is 0 if a program that this user starts would know which threads run, 1 if it would not;\n"
    "125: wrong usage.\n";

enum action { REPORT, REPORT_JSON, CREATE_THREAD, HELP, WRONG };

static enum action parse(int argc, char **argv)
{
    static const struct option names[] = {{"json", no_argument, NULL, 'j'},
                                          {"create-thread", no_argument, NULL, 't'}, /* for the doctor itself */
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    enum action action = REPORT;
    int option;

    while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        if (option == 'h')
            return HELP;
        if (option != 'j' && option != 't')
            return WRONG;
        action = option == 'j' ? REPORT_JSON : CREATE_THREAD;
    }
    if (optind < argc) {
        fprintf(stderr, "oncpu doctor: it takes no argument: %s\n", argv[optind]);
        return WRONG;
    }
    return action;
}

static bool colour_is_wanted(void)
{
    const char *refused = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    return isatty(STDOUT_FILENO) && !(refused && *refused) && terminal && strcmp(terminal, "dumb") != 0;
}

/* In the order in which a person would look for what is missing. */
static int report(bool json)
{
    static struct oncpu_facts facts;

    oncpu_facts_kernel(&facts);
    oncpu_facts_namespaces(&facts);
    oncpu_facts_pins(&facts);
    oncpu_facts_sources(&facts);
    oncpu_facts_dropin(&facts);
    oncpu_facts_cpus(&facts);
    oncpu_facts_costs(&facts);
    if (json)
        oncpu_facts_print_json(&facts);
    else
        oncpu_facts_print(&facts, colour_is_wanted());
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "oncpu doctor: standard output: %s\n", strerror(errno));
        return ONCPU_EXIT_CANNOT_RUN;
    }
    return facts.bpf ? 0 : 1;
}

int oncpu_cli_doctor(int argc, char **argv)
{
    enum action action = parse(argc, argv);

    switch (action) {
    case CREATE_THREAD:
        return oncpu_facts_create_thread();
    case HELP:
        fputs(help, stdout);
        return 0;
    case WRONG:
        fputs(help, stderr);
        return ONCPU_EXIT_USAGE;
    default:
        return report(action == REPORT_JSON);
    }
}
