/* SPDX-License-Identifier: MIT */
/* sysbench's mutex test with one mutex, which is hot: a fixed number of locks, shared out among the threads. */
#include "app.h"

static unsigned locks(const struct bench_app_run *run)
{
    return run->quick ? 80000 : 8000000;
}

static void arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    bench_app_argument(command, "mutex");
    bench_app_argument(command, "--threads=%u", run->threads);
    bench_app_argument(command, "--mutex-num=1");
    bench_app_argument(command, "--mutex-locks=%u", locks(run) / run->threads);
    bench_app_argument(command, "--mutex-loops=100");
    bench_app_argument(command, "run");
}

static bool parse(const struct bench_app_run *run, const char *out, const char *err, struct bench_app_score *score)
{
    (void)err;
    score->operations = locks(run) / run->threads * run->threads;
    return bench_app_number(out, "total time:", &score->seconds);
}

static const struct bench_app app = {
    .name = "sysbench_mutex",
    .title = "sysbench mutex, one mutex (op = one lock)",
    .program = "sysbench",
    .unit = "op/s",
    .seconds = 1.1,
    .demo = true,
    .arguments = arguments,
    .parse = parse,
};
BENCH_APP(app);
