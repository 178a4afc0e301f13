/* SPDX-License-Identifier: MIT */
/*
 * Kyoto Cabinet's B+ tree on a file: records are set, read and removed in random order. The mutexes of the cache of its
 * pages are hot, but little: readers and writers keep apart by reader-writer locks, which stay glibc's.
 */
#include "app.h"

enum { RECORDS = 200000 };

static unsigned per_thread(const struct bench_app_run *run)
{
    return (run->quick ? RECORDS / 100 : RECORDS) / run->threads;
}

static void arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    bench_app_argument(command, "order");
    bench_app_argument(command, "-th");
    bench_app_argument(command, "%u", run->threads);
    bench_app_argument(command, "-rnd");
    bench_app_argument(command, "%s/order.kct", run->directory);
    bench_app_argument(command, "%u", per_thread(run));
}

/* Three times the records, and for each time a line "time: 0.239"; more lines for opening and closing. */
static bool parse(const struct bench_app_run *run, const char *out, const char *err, struct bench_app_score *score)
{
    (void)err;
    score->operations = 3.0 * per_thread(run) * run->threads;
    return bench_app_sum(out, "time: ", &score->seconds);
}

static const struct bench_app app = {
    .name = "kctreetest",
    .title = "Kyoto Cabinet kctreetest order -rnd (op = a record set, read or removed)",
    .program = "kctreetest",
    .unit = "op/s",
    .seconds = 1,
    .arguments = arguments,
    .parse = parse,
};
BENCH_APP(app);
