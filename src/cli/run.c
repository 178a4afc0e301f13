/* SPDX-License-Identifier: MIT */
/*
 * `oncpu run`: a command with the drop-in preloaded; with --stats, what its locks did.
 */
#include "../lock/stats.h"
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct options {
    bool stats;
    const char *source;
    bool verbose;
    char **command;
};

static const char help[] =
    "Usage: oncpu run [options] [--] COMMAND [ARGUMENT...]\n"
    "Runs COMMAND with pthread mutexes whose waiters spin only while the owner is on a CPU.\n\n"
    "  --stats         at the end, print to standard error what the contended locks of all its processes did\n"
    "  --source NAME   where thread states come from: array, uptr, or none (without BPF)\n"
    "  --verbose       let the processes say on standard error which source they use, and why no better one\n"
    "  --help          print this\n\n"
    "The exit status is that of COMMAND; 125: wrong usage; 126: COMMAND cannot be run; 127: it was not found.\n";

static bool is_source(const char *name)
{
    for (int source = ONCPU_SOURCE_NONE; source <= ONCPU_SOURCE_ARRAY; source++)
        if (!strcmp(name, oncpu_source_name((enum oncpu_source)source)))
            return true;
    return false;
}

/* Returns 0, 1 for --help, or -1. */
static int parse(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {{"stats", no_argument, NULL, 's'},
                                          {"source", required_argument, NULL, 'S'},
                                          {"verbose", no_argument, NULL, 'v'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "+h", names, NULL)) != -1) { /* +: the command's options are its own */
        if (option == 's')
            options->stats = true;
        else if (option == 'S')
            options->source = optarg;
        else if (option == 'v')
            options->verbose = true;
        else
            return option == 'h' ? 1 : -1;
    }
    options->command = argv + optind;
    if (options->source && !is_source(options->source)) {
        fprintf(stderr, "oncpu run: --source takes uptr, array or none\n");
        return -1;
    }
    if (!*options->command) {
        fprintf(stderr, "oncpu run: no command\n");
        return -1;
    }
    return 0;
}

static bool prepare_environment(const struct options *options)
{
    char dropin[PATH_MAX];

    return oncpu_cli_dropin(dropin, sizeof(dropin)) && oncpu_cli_preload(dropin) &&
           (!options->source || !setenv("ONCPU_SOURCE", options->source, 1)) &&
           (!options->verbose || !setenv("ONCPU_VERBOSE", "1", 1));
}

static int become(char **command)
{
    execvp(command[0], command);
    fprintf(stderr, "oncpu run: %s: %s\n", command[0], strerror(errno));
    return errno == ENOENT ? ONCPU_EXIT_NOT_FOUND : ONCPU_EXIT_CANNOT_RUN;
}

/* ---- --stats ---- */

static struct oncpu_stats_area *make_area(void)
{
    static char setting[64]; /* stays part of the environment */
    struct oncpu_stats_area *area = oncpu_stats_area_make(setting, sizeof(setting));

    return area && !putenv(setting) ? area : NULL;
}

static void print_count(const char *what, uint64_t count, uint64_t of)
{
    fprintf(stderr, "oncpu: %-44s %14" PRIu64, what, count);
    if (of)
        fprintf(stderr, "  %5.1f %%", 100.0 * (double)count / (double)of);
    fputc('\n', stderr);
}

static void print_stats(struct oncpu_stats_area *area)
{
    const char *source = area->source ? oncpu_source_name((enum oncpu_source)(area->source - 1)) : NULL;
    struct oncpu_stats sum;

    area->reason[sizeof(area->reason) - 1] = 0;
    oncpu_stats_sum(area, &sum);
    if (!area->processes)
        fputs("oncpu: no process loaded the drop-in: is the command statically linked, or set-user-ID?\n", stderr);
    else if (!source)
        fputs("oncpu: source none: no process created a thread\n", stderr);
    else
        fprintf(stderr, "oncpu: source %s%s%s\n", source, *area->reason ? ": " : "", area->reason);
    print_count("processes", area->processes, 0);
    print_count("acquisitions that found the lock held", sum.contended, 0);
    print_count("  got it by spinning", sum.spun, sum.contended);
    print_count("  slept", sum.slept, sum.contended);
    print_count("  gave up at their deadline", sum.timed_out, sum.contended);
    print_count("sleeps", sum.sleeps, 0);
    print_count("spins ended: the owner was not on a CPU", sum.owner_off_cpu, 0);
    print_count("spins ended: the bound was reached", sum.spin_limit, 0);
    print_count("handed over by the owner", sum.handed, 0);
    print_count("rests of a saturated lock", sum.rests, 0);
    print_count("CPU left between two sections", sum.left, 0);
    print_count("nanoseconds spun, per such acquisition", sum.contended ? sum.spin_ns / sum.contended : 0, 0);
}

static pid_t child;

static void forward(int signal)
{
    kill(child, signal); /* async-signal-safe (POSIX XSH 2.4.3) */
}

/* The terminal sends its signals to the command, too; what is sent to us alone is passed on. */
static void set_signals(void)
{
    static const int passed_on[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT};
    struct sigaction action = {.sa_handler = SIG_IGN, .sa_flags = SA_RESTART};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGQUIT, &action, NULL);
    action.sa_handler = forward;
    for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
        sigaction(passed_on[i], &action, NULL);
}

/* Ends as the command ended, by the same signal if it was one. */
static int end_like(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status); /* one that cannot be raised here */
}

static int run_and_count(char **command)
{
    struct oncpu_stats_area *area = make_area();
    sigset_t all;
    sigset_t old;
    int status;

    if (!area) {
        fprintf(stderr, "oncpu run: no memory for the statistics: %s\n", strerror(errno));
        return ONCPU_EXIT_CANNOT_RUN;
    }
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old); /* no signal may come while there is a child and nobody to pass it on */
    child = fork();
    if (child <= 0) {
        sigprocmask(SIG_SETMASK, &old, NULL);
        if (!child)
            _exit(become(command));
        fprintf(stderr, "oncpu run: fork: %s\n", strerror(errno));
        return ONCPU_EXIT_CANNOT_RUN;
    }
    set_signals();
    sigprocmask(SIG_SETMASK, &old, NULL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    print_stats(area);
    return end_like(status);
}

int oncpu_cli_run(int argc, char **argv)
{
    struct options options = {0};
    int parsed = parse(argc, argv, &options);

    if (parsed) {
        fputs(help, parsed > 0 ? stdout : stderr);
        return parsed > 0 ? 0 : ONCPU_EXIT_USAGE;
    }
    if (!prepare_environment(&options))
        return ONCPU_EXIT_CANNOT_RUN;
    return options.stats ? run_and_count(options.command) : become(options.command);
}
