/* SPDX-License-Identifier: MIT */
/* sysbench's mutex test with one mutex: a fixed number of locks, shared out among the threads. */
#include "app.h"

#include <stdlib.h>
#include <string.h>

enum { LOCKS = 8000000 };

static void arguments(unsigned threads, struct bench_app_command *command)
{
    bench_app_argument(command, "mutex");
    bench_app_argument(command, "--threads=%u", threads);
    bench_app_argument(command, "--mutex-num=1");
    bench_app_argument(command, "--mutex-locks=%u", LOCKS / threads);
    bench_app_argument(command, "--mutex-loops=100");
    bench_app_argument(command, "run");
}

static bool parse(const char *out, double *operations, double *seconds)
{
    static const char key[] = "total time:";
    const char *at = strstr(out, key);

    if (!at)
        return false;
    *operations = LOCKS;
    *seconds = strtod(at + sizeof(key) - 1, NULL);
    return true;
}

const struct bench_app bench_app_sysbench_mutex = {
    .name = "program: sysbench mutex, one mutex (op = one lock)",
    .program = "sysbench",
    .unit = "op/s",
    .seconds = 1.1,
    .arguments = arguments,
    .parse = parse,
};
