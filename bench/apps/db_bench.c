/* SPDX-License-Identifier: MIT */
/* RocksDB's random reads from a cache with one shard: every read takes the same mutex. */
#include "app.h"

#include "../harness/spawn.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small enough to fit in the cache many times over: the disk plays no part. */
enum { KEYS = 1000000, CACHE_BYTES = 256 << 20 };

static char directory[256]; /* "": none was made */

static void common_arguments(struct bench_app_command *command)
{
    bench_app_argument(command, "--db=%s", directory);
    bench_app_argument(command, "--num=%d", KEYS);
    bench_app_argument(command, "--compression_type=none");
}

static bool prepare(char *why, size_t size)
{
    const char *parent = getenv("TMPDIR");
    struct bench_app_command command = {0};
    struct bench_spawn child;

    snprintf(directory, sizeof(directory), "%.200s/oncpu-bench-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(directory)) {
        snprintf(why, size, "cannot make %s: %s", directory, strerror(errno));
        directory[0] = '\0';
        return false;
    }
    bench_app_argument(&command, "%s", bench_app_db_bench.program);
    bench_app_argument(&command, "--benchmarks=fillseq");
    common_arguments(&command);
    bool ok = bench_spawn(command.argv, NULL, 60, &child);

    if (!ok)
        snprintf(why, size, "cannot fill the database: %s", child.why);
    bench_spawn_free(&child);
    return ok;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *position)
{
    (void)status;
    (void)type;
    (void)position;
    return remove(path);
}

static void cleanup(void)
{
    if (directory[0] && nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "oncpu-bench: cannot remove %s: %s\n", directory, strerror(errno));
    directory[0] = '\0';
}

static void arguments(unsigned threads, struct bench_app_command *command)
{
    bench_app_argument(command, "--benchmarks=readrandom");
    common_arguments(command);
    bench_app_argument(command, "--use_existing_db=1");
    bench_app_argument(command, "--cache_size=%d", CACHE_BYTES);
    bench_app_argument(command, "--cache_numshardbits=0");
    bench_app_argument(command, "--threads=%u", threads);
    bench_app_argument(command, "--duration=1");
}

/* "readrandom   :  2.676 micros/op 745289 ops/sec 1.004 seconds 747998 operations; ..." */
static bool parse(const char *out, double *operations, double *seconds)
{
    const char *line = strstr(out, "readrandom ");
    const char *numbers = line ? strchr(line, ':') : NULL;
    double micros, rate;

    return numbers && sscanf(numbers, ": %lf micros/op %lf ops/sec %lf seconds %lf operations", &micros, &rate, seconds,
                             operations) == 4;
}

const struct bench_app bench_app_db_bench = {
    .name = "program: RocksDB db_bench readrandom, cache with one shard (op = one read)",
    .program = "db_bench",
    .unit = "op/s",
    .seconds = 1.4,
    .prepare = prepare,
    .cleanup = cleanup,
    .arguments = arguments,
    .parse = parse,
};
