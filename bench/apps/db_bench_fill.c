/* SPDX-License-Identifier: MIT */
/*
 * RocksDB's random writes. The database's mutex and those on which writers wait for the leader of their group are hot,
 * but little: most of the queue of writers is lock-free. So this shows above all that nothing is lost.
 */
#include "app.h"

#include <stdio.h>
#include <string.h>

enum { KEYS = 300000 };

static void arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    bench_app_argument(command, "--benchmarks=fillrandom");
    bench_app_argument(command, "--db=%s/db", run->directory);
    bench_app_argument(command, "--num=%u", (run->quick ? KEYS / 100 : KEYS) / run->threads);
    bench_app_argument(command, "--threads=%u", run->threads);
    bench_app_argument(command, "--compression_type=none");
    bench_app_argument(command, "--disable_wal=1"); /* nor does the disk play a part */
    bench_app_argument(command, "--write_buffer_size=%d", 256 << 20);
}

/* "fillrandom   :  7.127 micros/op 276767 ops/sec 1.445 seconds 400000 operations; ..." */
static bool parse(const struct bench_app_run *run, const char *out, const char *err, struct bench_app_score *score)
{
    const char *line = strstr(out, "fillrandom ");
    const char *numbers = line ? strchr(line, ':') : NULL;
    double micros, rate;

    (void)run;
    (void)err;
    return numbers && sscanf(numbers, ": %lf micros/op %lf ops/sec %lf seconds %lf operations", &micros, &rate,
                             &score->seconds, &score->operations) == 4;
}

static const struct bench_app app = {
    .name = "db_bench_fill",
    .title = "RocksDB db_bench fillrandom, without a log (op = one write)",
    .program = "db_bench",
    .unit = "op/s",
    .seconds = 1.5,
    .arguments = arguments,
    .parse = parse,
};
BENCH_APP(app);
