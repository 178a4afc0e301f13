/* SPDX-License-Identifier: MIT */
/*
 * Kyoto Cabinet's hash database on a file, with all its operations mixed. The mutexes of its file and of its free
 * blocks are hot, but little: readers and writers keep apart by reader-writer locks, which stay glibc's.
 */
#include "app.h"

enum { RECORDS = 120000 };

static unsigned per_thread(const struct bench_app_run *run)
{
    return (run->quick ? RECORDS / 100 : RECORDS) / run->threads;
}

static void arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    bench_app_argument(command, "wicked");
    bench_app_argument(command, "-th");
    bench_app_argument(command, "%u", run->threads);
    bench_app_argument(command, "%s/wicked.kch", run->directory);
    bench_app_argument(command, "%u", per_thread(run));
}

static bool parse(const struct bench_app_run *run, const char *out, const char *err, struct bench_app_score *score)
{
    (void)err;
    score->operations = (double)per_thread(run) * run->threads;
    return bench_app_number(out, "time: ", &score->seconds);
}

static const struct bench_app app = {
    .name = "kchashtest",
    .title = "Kyoto Cabinet kchashtest wicked (op = one of many kinds)",
    .program = "kchashtest",
    .unit = "op/s",
    .seconds = 0.6,
    .arguments = arguments,
    .parse = parse,
};
BENCH_APP(app);
