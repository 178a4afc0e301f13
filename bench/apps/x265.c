/* SPDX-License-Identifier: MIT */
/*
 * x265, which encodes a film of moving patterns. The mutexes of its jobs and rows are hot, but little: its threads wait
 * for work more than for locks. That they are woken as fast as ever is what this shows.
 */
#include "app.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 320, HEIGHT = 180, FRAMES = 120 };

static int frames(const struct bench_app_run *run)
{
    return run->quick ? 5 : FRAMES;
}

/* Stripes that move, and colours that change: neither all still nor noise. */
static void write_film(FILE *film, int count)
{
    fprintf(film, "YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C420jpeg\n", WIDTH, HEIGHT);
    for (int frame = 0; frame < count; frame++) {
        fputs("FRAME\n", film);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++)
                putc(((x + 3 * frame) ^ (y + frame)) * (1 + (x + y + frame) / 64) & 0xff, film);
        }
        for (int i = 0; i < WIDTH * HEIGHT / 2; i++)
            putc(128 + (i + 5 * frame) % 32, film);
    }
}

static bool prepare(const struct bench_app_run *run, char *why, size_t size)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/film.y4m", run->directory);
    FILE *film = fopen(path, "w");

    if (film)
        write_film(film, frames(run));
    bool ok = film && !ferror(film);

    if (!film || fclose(film) != 0 || !ok) {
        snprintf(why, size, "cannot write %s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

static void arguments(const struct bench_app_run *run, struct bench_app_command *command)
{
    bench_app_argument(command, "--preset=ultrafast");
    bench_app_argument(command, "--pools=%u", run->threads);
    bench_app_argument(command, "--frame-threads=4");
    bench_app_argument(command, "--input=%s/film.y4m", run->directory);
    bench_app_argument(command, "--output=/dev/null");
}

/* "encoded 60 frames in 0.17s (353.78 fps), ..." */
static bool parse(const struct bench_app_run *run, const char *out, const char *err, struct bench_app_score *score)
{
    const char *line = strstr(err, "encoded ");

    (void)run;
    (void)out;
    return line && sscanf(line, "encoded %lf frames in %lfs", &score->operations, &score->seconds) == 2;
}

static const struct bench_app app = {
    .name = "x265",
    .title = "x265 --preset ultrafast, 4 frames at a time (op = one frame)",
    .program = "x265",
    .unit = "op/s",
    .seconds = 1,
    .prepare = prepare,
    .arguments = arguments,
    .parse = parse,
};
BENCH_APP(app);
