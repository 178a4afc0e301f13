/* SPDX-License-Identifier: MIT */
/* RocksDB's random reads from a cache with one shard, whose mutex is hot: every read takes it. */
#include "app.h"

#include <stdio.h>
#include <string.h>

/* Small enough to fit in the cache many times over: the disk plays no part. */
enum { KEYS = 1000000, CACHE_BYTES = 256 << 20 };

static void common_arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    bench_app_argument(command, "--db=%s/db", run->directory);
    bench_app_argument(command, "--num=%d", run->quick ? KEYS / 100 : KEYS);
    bench_app_argument(command, "--compression_type=none");
}

static bool prepare(const struct bench_app_run *run, char *why, size_t size)
{
    struct bench_app_command command = {0};

    bench_app_argument(&command, "db_bench");
    bench_app_argument(&command, "--benchmarks=fillseq");
    common_arguments(run, &command);
    return bench_app_helper(&command, why, size);
}

static void arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    bench_app_argument(command, "--benchmarks=readrandom");
    common_arguments(run, command);
    bench_app_argument(command, "--use_existing_db=1");
    bench_app_argument(command, "--cache_size=%d", CACHE_BYTES);
    bench_app_argument(command, "--cache_numshardbits=0");
    bench_app_argument(command, "--threads=%u", run->threads);
    bench_app_argument(command, run->quick ? "--reads=1000" : "--duration=1");
}

/* "readrandom   :  2.676 micros/op 745289 ops/sec 1.004 seconds 747998 operations; ..." */
static bool parse(const struct bench_app_run *run, const char *out, const char *err, struct bench_app_score *score)
{
    const char *line = strstr(out, "readrandom ");
    const char *numbers = line ? strchr(line, ':') : NULL;
    double micros, rate;

    (void)run;
    (void)err;
    return numbers && sscanf(numbers, ": %lf micros/op %lf ops/sec %lf seconds %lf operations", &micros, &rate,
                             &score->seconds, &score->operations) == 4;
}

static const struct bench_app app = {
    .name = "db_bench_read",
    .title = "RocksDB db_bench readrandom, cache with one shard (op = one read)",
    .program = "db_bench",
    .unit = "op/s",
    .seconds = 1.4,
    .demo = true,
    .prepare = prepare,
    .arguments = arguments,
    .parse = parse,
};
BENCH_APP(app);
