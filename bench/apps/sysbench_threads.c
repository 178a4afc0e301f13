/* SPDX-License-Identifier: MIT */
/*
 * sysbench's threads test with one mutex, which is hot: its holder gives its CPU up before it unlocks, which is the
 * worst that can happen to a waiter that spins.
 */
#include "app.h"

enum { YIELDS = 100 };

static void arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    bench_app_argument(command, "threads");
    bench_app_argument(command, "--threads=%u", run->threads);
    bench_app_argument(command, "--thread-locks=1");
    bench_app_argument(command, "--thread-yields=%d", YIELDS);
    bench_app_argument(command, "--events=%d", run->quick ? 20 : 0);
    bench_app_argument(command, "--time=1");
    bench_app_argument(command, "run");
}

static bool parse(const struct bench_app_run *run, const char *out, const char *err, struct bench_app_score *score)
{
    double events;

    (void)run;
    (void)err;
    if (!bench_app_number(out, "total number of events:", &events))
        return false;
    score->operations = events * YIELDS;
    return bench_app_number(out, "total time:", &score->seconds);
}

static const struct bench_app app = {
    .name = "sysbench_threads",
    .title = "sysbench threads, one mutex, a yield under it (op = one lock)",
    .program = "sysbench",
    .unit = "op/s",
    .seconds = 1.1,
    .arguments = arguments,
    .parse = parse,
};
BENCH_APP(app);
