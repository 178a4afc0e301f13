/* SPDX-License-Identifier: MIT */
/* Pinning by sched_setaffinity(), and by starting anew under it. */
#include "pin.h"

#include "memory.h"
#include "work.h"

#include <unistd.h>

bool bench_pin(unsigned n, cpu_set_t *before, char *why, size_t size)
{
    cpu_set_t few;

    CPU_ZERO(&few);
    if (sched_getaffinity(0, sizeof(*before), before) != 0) {
        snprintf(why, size, "cannot read the CPUs that this process may use");
        return false;
    }
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&few) < (int)n; cpu++) {
        if (CPU_ISSET(cpu, before))
            CPU_SET(cpu, &few);
    }
    if (CPU_COUNT(&few) < (int)n) {
        snprintf(why, size, "this process may use %d CPUs only", CPU_COUNT(&few));
        return false;
    }
    if (sched_setaffinity(0, sizeof(few), &few) == 0)
        return true;
    snprintf(why, size, "cannot pin this process to %u CPUs", n);
    return false;
}

void bench_unpin(const cpu_set_t *before)
{
    sched_setaffinity(0, sizeof(*before), before);
}

/* argv has been permuted and shortened since; the kernel still knows how it was. */
static char **own_arguments(void)
{
    FILE *file = fopen("/proc/self/cmdline", "re");
    char *line = NULL;
    size_t size = 0, n = 0;
    char **argv = NULL;

    while (file && getdelim(&line, &size, '\0', file) > 0) {
        argv = bench_realloc(argv, (n + 2) * sizeof(*argv));
        argv[n++] = bench_or_exit(strdup(line));
        argv[n] = NULL;
    }
    free(line);
    if (file)
        fclose(file);
    return argv;
}

void bench_pin_from_start(unsigned n)
{
    cpu_set_t before;
    char why[100];

    if (n == 0 || bench_cpus() <= n || !bench_pin(n, &before, why, sizeof(why)))
        return;
    char **argv = own_arguments();

    if (argv)
        execv("/proc/self/exe", argv);
    for (char **at = argv; at && *at; at++)
        free(*at);
    free(argv);
    bench_unpin(&before);
}
