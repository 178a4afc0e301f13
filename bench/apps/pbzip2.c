/* SPDX-License-Identifier: MIT */
/*
 * pbzip2 in small blocks. The mutex of its queue of blocks is hot, but little: its threads wait for work more than for
 * locks. That they are woken as fast as ever is what this shows.
 */
#include "app.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 100000, BLOCKS = 200 };

static int blocks(const struct bench_app_run *run)
{
    return run->quick ? 10 : BLOCKS;
}

/* Words of a small vocabulary, the same in each run. */
static void write_text(FILE *file, long bytes)
{
    uint32_t state = 1;
    char word[16];

    for (long written = 0; written < bytes;) {
        state = state * 1664525u + 1013904223u;
        int length = snprintf(word, sizeof(word), "%x ", (state >> 12) % 50000);

        fputs(word, file);
        written += length;
    }
}

static bool prepare(const struct bench_app_run *run, char *why, size_t size)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/text", run->directory);
    FILE *file = fopen(path, "w");

    if (file)
        write_text(file, (long)blocks(run) * BLOCK);
    bool ok = file && !ferror(file);

    if (!file || fclose(file) != 0 || !ok) {
        snprintf(why, size, "cannot write %s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

static void arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    bench_app_argument(command, "-1");  /* a block is 100 kB, */
    bench_app_argument(command, "-b1"); /* and so is a thread's piece of work */
    bench_app_argument(command, "-p%u", run->threads);
    bench_app_argument(command, "--keep");
    bench_app_argument(command, "--force");
    bench_app_argument(command, "--verbose");
    bench_app_argument(command, "%s/text", run->directory);
}

/* "     Wall Clock: 0.728847 seconds" */
static bool parse(const struct bench_app_run *run, const char *out, const char *err, struct bench_app_score *score)
{
    (void)out;
    score->operations = blocks(run);
    return bench_app_number(err, "Wall Clock: ", &score->seconds);
}

static const struct bench_app app = {
    .name = "pbzip2",
    .title = "pbzip2, blocks of 100 kB (op = one block)",
    .program = "pbzip2",
    .unit = "op/s",
    .seconds = 1.2,
    .prepare = prepare,
    .arguments = arguments,
    .parse = parse,
};
BENCH_APP(app);
