/* SPDX-License-Identifier: MIT */
/* RocksDB's block cache by itself, with one shard, whose mutex is hot: every operation takes it. */
#include "app.h"

enum { OPERATIONS = 1000000 };

static unsigned operations_per_thread(const struct bench_app_run *run)
{
    return (run->quick ? OPERATIONS / 100 : OPERATIONS) / run->threads;
}

static void arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    bench_app_argument(command, "-threads=%u", run->threads);
    bench_app_argument(command, "-ops_per_thread=%u", operations_per_thread(run));
    bench_app_argument(command, "-num_shard_bits=0");
    bench_app_argument(command, "-cache_size=%d", 8 << 20);
    bench_app_argument(command, "-value_bytes=100");
}

/* "Complete in 0.632 s; Rough parallel ops/sec = 1582025" */
static bool parse(const struct bench_app_run *run, const char *out, const char *err, struct bench_app_score *score)
{
    (void)err;
    score->operations = (double)operations_per_thread(run) * run->threads;
    return bench_app_number(out, "Complete in ", &score->seconds);
}

static const struct bench_app app = {
    .name = "cache_bench",
    .title = "RocksDB cache_bench, one shard (op = one look-up, mostly)",
    .program = "cache_bench",
    .unit = "op/s",
    .seconds = 1,
    .arguments = arguments,
    .parse = parse,
};
BENCH_APP(app);
