/* SPDX-License-Identifier: MIT */
/*
 * stress-ng's stressor of one mutex, which is hot: threads whose scheduling class changes from turn to turn, among them
 * real-time ones where that is allowed, and that yield under the mutex.
 */
#include "app.h"

#include <stdio.h>
#include <string.h>

static void arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    bench_app_argument(command, "--mutex");
    bench_app_argument(command, "1");
    bench_app_argument(command, "--mutex-procs");
    bench_app_argument(command, "%u", run->threads);
    bench_app_argument(command, run->quick ? "--mutex-ops" : "--timeout");
    bench_app_argument(command, run->quick ? "50000" : "1");
    bench_app_argument(command, "--metrics");
    bench_app_argument(command, "--temp-path");
    bench_app_argument(command, "%s", run->directory);
}

static bool find(const char *text, struct bench_app_score *score)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (sscanf(line, "stress-ng: metrc: [%*d] mutex %lf %lf", &score->operations, &score->seconds) == 2)
            return true;
    }
    return false;
}

/* "stress-ng: metrc: [30314] mutex            465523      1.01 ...": operations, seconds. */
static bool parse(const struct bench_app_run *run, const char *out, const char *err, struct bench_app_score *score)
{
    (void)run;
    return find(out, score) || find(err, score);
}

static const struct bench_app app = {
    .name = "stress_ng_mutex",
    .title = "stress-ng --mutex, real-time priorities (op = one lock)",
    .program = "stress-ng",
    .unit = "op/s",
    .seconds = 1.1,
    .arguments = arguments,
    .parse = parse,
};
BENCH_APP(app);
